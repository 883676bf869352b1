/**
 * Our own client requests every route once and prints the results: status, body, and for streamed responses
 * the times.
 */
import { HttpBody, HttpClient, HttpClientRequest, type HttpClientResponse } from "@effect/platform"
import { Clock, Console, Effect, Schedule, Stream } from "effect"

const stop = (client: HttpClient.HttpClient, request: HttpClientRequest.HttpClientRequest) =>
  Effect.gen(function* () {
    const start = yield* Clock.currentTimeMillis
    const response = yield* client.execute(request)
    const name = `${request.method} ${request.url}`.padEnd(13)
    yield* Console.log(`${name} ${response.status} ${response.headers["content-type"]}`)
    yield* show(response, start)
  })

const most = 6

// The first lines of the response, each with its time of arrival.
const show = (response: HttpClientResponse.HttpClientResponse, start: number) =>
  response.stream.pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.take(most),
    Stream.runForEach((line) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Console.log(`${String(now - start).padStart(7)} ms  ${line.slice(0, 100)}`)
      )
    )
  )

// Three mebibytes, 64 KiB every 10 ms, so that there is progress to report.
const pieces = Stream.repeatValue(new Uint8Array(64 * 1024).fill(0x61)).pipe(
  Stream.take(48),
  Stream.schedule(Schedule.spaced("10 millis"))
)

const stops = [
  HttpClientRequest.get("/"),
  HttpClientRequest.get("/json"),
  HttpClientRequest.post("/echo", { body: HttpBody.text("what goes in comes out") }),
  HttpClientRequest.get("/slow"),
  HttpClientRequest.post("/upload", { body: HttpBody.stream(pieces) })
]

export const tour = (url: string) =>
  Effect.gen(function* () {
    const client = HttpClient.mapRequest(yield* HttpClient.HttpClient, HttpClientRequest.prependUrl(url))
    yield* Effect.forEach(stops, (request) => stop(client, request), { discard: true })
  })
