/**
 * `Expect: 100-continue` on both sides: accepted, refused, not answered, or answered late. The trials check
 * whether and when the body is sent.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Client from "@httpfx/core/Client"
import { between, pick } from "../ask.js"
import { agent, connect, host, listen, now, same, serve, tens, type Trial } from "./trial.js"

const body = "a body that is wanted"

/** Our client sends the expectation, and a scripted server decides. */
export const expectingClient: Trial = (place) =>
  Effect.gen(function* () {
    const { draw } = place
    const count = 4
    const plans = Array.from({ length: count }, () => ({
      server: pick(draw, [
        [3, "continue" as const],
        [3, "refuse" as const],
        [2, "silent" as const]
      ]),
      /** Time until the server decides, ms. */
      after: tens(draw, 0, 1_500),
      status: pick(draw, [
        [1, 413],
        [1, 417],
        [1, 401],
        [1, 200]
      ]),
      close: draw() < 0.5,
      /** Time between the head of a refusal and its body, ms. */
      lag: draw() < 0.5 ? tens(draw, 10, 2_000) : 0,
      /** The client's maximum wait for 100 (Continue), ms. It is not a multiple of ten. */
      patience: tens(draw, 100, 1_500) + 5,
      send: draw() < 0.3 ? tens(draw, 100, 2_000) + 3 : undefined,
      streams: draw() < 0.5
    }))
    /** By request, the time at which the first bytes of its body arrived, in milliseconds after its head. */
    const came: Array<number | undefined> = []
    const servedBy: Array<number> = []
    yield* listen(place, (wire, connection) =>
      Effect.gen(function* () {
        for (let head = yield* wire.head; head !== undefined; head = yield* wire.head) {
          const index = Number(head.slice(5, head.indexOf(" HTTP")))
          const { after, close, lag, server, status } = plans[index]!
          servedBy.push(connection)
          const began = now(place)
          // The body is sent with Content-Length or chunked. The chunked form is longer.
          const whole = /\r\ncontent-length/i.test(head) ? body.length : wholeChunked
          const listening = yield* Effect.fork(
            Effect.map(
              wire.until(() => wire.text.length > 0 || wire.ended),
              () => {
                if (wire.text.length > 0) came[index] = now(place) - began
              }
            )
          )
          if (server !== "silent") yield* Effect.sleep(after)
          if (server === "refuse") {
            const says = close ? "Connection: close\r\n" : ""
            wire.send(`HTTP/1.1 ${status} X\r\n${says}Content-Length: 2\r\n\r\n`)
            yield* Effect.sleep(lag)
            wire.send("no")
            if (came[index] === undefined) {
              // The body must not arrive any more. Only the end of the connection may.
              yield* wire.until(() => wire.ended || wire.text.length > 0)
              if (wire.text.length > 0) came[index] = now(place) - began
              return
            }
            yield* wire.until(() => wire.ended || wire.text.length >= whole)
            wire.text = wire.text.slice(whole)
            continue
          }
          if (server === "continue") wire.send("HTTP/1.1 100 Continue\r\n\r\n")
          yield* listening
          yield* wire.until(() => wire.ended || wire.text.length >= whole)
          wire.text = wire.text.slice(whole)
          wire.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes")
        }
      })
    )
    const client = yield* Client.fromAgent(yield* agent(place))
    let connection = 0
    const wantedBy: Array<number> = []
    for (const [index, plan] of plans.entries()) {
      const { after, lag, patience, send, server, status, streams } = plan
      const began = now(place)
      const asked = client.request({
        method: "PUT",
        url: `http://${host(place)}/${index}`,
        expectContinue: true,
        continueTimeout: patience,
        timeouts: { send },
        body: streams ? Stream.make(Buffer.from(body)) : body
      })
      const result = yield* Effect.either(
        Effect.flatMap(asked, (response) => Effect.map(response.text, (text) => `${response.status} ${text}`))
      )
      const at = now(place) - began
      // The client sends the body when the server allows it, or when the client's wait expires.
      const decided = server === "silent" ? Infinity : after
      const leaves = Math.min(server === "refuse" ? Infinity : decided, patience)
      const limit = send ?? Infinity
      const refusedFirst = server === "refuse" && decided < patience
      let end: readonly [outcome: string, at: number]
      let sent: number | undefined
      if (limit < Math.min(leaves, decided)) end = ["SendTimedOut", limit]
      else if (refusedFirst) end = [`${status} no`, after + lag]
      else {
        sent = leaves
        end =
          server === "refuse"
            ? [`${status} no`, after + lag]
            : ["200 yes", Math.max(leaves, server === "continue" ? after : 0)]
      }
      const got = Either.match(result, { onLeft: (error) => error._tag as string, onRight: (text) => text })
      same(
        place,
        `${JSON.stringify(plan)} ended, its body came after`,
        [got, at, came[index]],
        [...end, sent]
      )
      wantedBy.push(connection)
      const kept = sent !== undefined && !(server === "refuse" && plan.close)
      if (!kept) connection++
      yield* Effect.sleep(between(draw, 1, 50))
    }
    same(place, `${JSON.stringify(plans)} served by`, servedBy, wantedBy)
  })

const wholeChunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`.length

/** A scripted client sends the expectation, and the handler of our server decides. */
export const expectingServer: Trial = (place) =>
  Effect.gen(function* () {
    const { draw } = place
    const plans = Array.from({ length: 4 }, () => ({
      /** `limits` means that the announced length exceeds the limit of the route. */
      handler: pick(draw, [
        [3, "reads" as const],
        [2, "refuses" as const],
        [1, "limits" as const]
      ]),
      expects: pick(draw, [
        [5, "100-continue"],
        [1, "100-Continue"],
        [1, "a-miracle"]
      ]),
      after: draw() < 0.3 ? 0 : tens(draw, 10, 1_000),
      /** Whether the client sends the body directly after the head, without waiting. */
      hasty: draw() < 0.2
    }))
    const runs: Array<string> = []
    const app = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
      runs.push(request.url)
      const { after, handler } = plans[Number(request.url.slice(1))]!
      const read = Effect.map(request.text, (text) => HttpServerResponse.text(text))
      const answer: Effect.Effect<HttpServerResponse.HttpServerResponse, unknown> =
        handler === "refuses" ? Effect.succeed(HttpServerResponse.empty({ status: 401 })) : read
      return Effect.zipRight(Effect.sleep(after), answer).pipe(
        handler === "limits"
          ? HttpServerRequest.withMaxBodySize(Option.some(FileSystem.Size(body.length - 1)))
          : (same) => same,
        Effect.catchAll(() => Effect.succeed(HttpServerResponse.empty({ status: 413 })))
      )
    })
    yield* serve(place, app)
    for (const [index, plan] of plans.entries()) {
      const { after, expects, handler, hasty } = plan
      const wire = yield* connect(place)
      const began = now(place)
      const head = `PUT /${index} HTTP/1.1\r\nHost: ${host(place)}\r\nExpect: ${expects}\r\nContent-Length: ${body.length}\r\n\r\n`
      wire.send(hasty ? head + body : head)
      const unknown = expects === "a-miracle"
      const first = yield* wire.head
      const at = now(place) - began
      const status = unknown ? 417 : handler === "refuses" ? 401 : handler === "limits" ? 413 : 200
      const accepted = status === 200 && !hasty
      const got = (head: string | undefined) => Number(head?.slice(9, 12))
      const what = JSON.stringify(plan)
      same(place, `${what} was told first`, [got(first), at], [accepted ? 100 : status, unknown ? 0 : after])
      if (accepted) {
        const pause = tens(draw, 0, 300)
        yield* Effect.sleep(pause)
        wire.send(body)
        const answer = yield* wire.message
        same(
          place,
          `${what} was answered`,
          [got(answer?.head), answer?.body, now(place) - began],
          [200, body, after + pause]
        )
      }
      same(place, `${what} ran`, runs.splice(0), unknown ? [] : [`/${index}`])
      if (!accepted && !hasty) yield* wire.until(() => wire.ended)
      wire.transport.end()
    }
  })
