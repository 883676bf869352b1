/**
 * The progress of uploads and downloads, of `Client` and of platform's client: counts of bytes, for a
 * callback or as a stream. Bodies that nobody asks about are not counted.
 *
 * An upload is counted when the connection takes its bytes, which are at most some 64 KiB ahead of the
 * network; a download when its bytes are read.
 *
 * @since 0.1.0
 */
import * as HttpBody from "@effect/platform/HttpBody"
import type { ResponseError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Queue from "effect/Queue"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import * as Take from "effect/Take"
import type * as Client from "./Client.js"
import { counted, slices, type Count, type Report } from "./content/progress.js"
import type { InvalidOption } from "./HttpError.js"
import { fromFormData, fromHttpBody, fromText, isFormData } from "./internal/body.js"
import { flatten, hasField } from "./internal/client/headers.js"
import { valuesOf } from "./internal/client/around.js"
import { duration, refuseUnknown, type Complete } from "./internal/options/checks.js"

export type { Count, Report } from "./content/progress.js"

/**
 * Options of reports.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Least time between two reports, besides the first, of 0 bytes, and the last. 0: a report for each piece.
   * Default 100 milliseconds.
   */
  readonly interval?: Duration.DurationInput | undefined
}

const checks: Complete<Options> = { interval: duration }

type Bytes<E> = Stream.Stream<Uint8Array, E>

const count = <E>(
  body: Bytes<E>,
  report: Report,
  total: number | undefined,
  options: Options
): Bytes<E | InvalidOption> => {
  const refused = refuseUnknown(options, checks)
  if (refused !== undefined) return Stream.fail(refused)
  return counted(body, report, total, Duration.toMillis(options.interval ?? 100))
}

const lengthOf = (values: ReadonlyArray<string>): number | undefined =>
  values.length > 0 && /^\d{1,15}$/.test(values[0]!) ? Number(values[0]) : undefined

// ---- uploads

const ofClient = <E>(
  request: Client.Request<E>,
  report: Report,
  options: Options
): Client.Request<E | InvalidOption> => {
  const { body } = request
  if (body === undefined) return request
  const headers = flatten(request.headers, request.uniqueHeaders)
  const counting = (stream: Bytes<E>, total: number | undefined) => ({
    ...request,
    headers,
    body: count(stream, report, total, options)
  })
  if (typeof body === "string" || body instanceof Uint8Array) {
    const bytes = typeof body === "string" ? fromText(body).bytes : body
    // With trailers the body has to be chunked.
    if (request.trailers === undefined && !hasField(headers, "content-length"))
      headers.push("Content-Length", String(bytes.length))
    return counting(slices(bytes), bytes.length)
  }
  if (isFormData(body)) {
    const { contentType, stream } = fromFormData(body)
    if (contentType !== undefined && !hasField(headers, "content-type"))
      headers.push("Content-Type", contentType)
    return counting(stream as Bytes<never>, undefined)
  }
  return counting(body, lengthOf(valuesOf(headers, "content-length")))
}

const ofPlatform = (
  request: HttpClientRequest.HttpClientRequest,
  report: Report,
  options: Options
): HttpClientRequest.HttpClientRequest => {
  const body = fromHttpBody(request.body)
  if (body._tag === "None" || body._tag === "Unsupported") return request
  const stream = body._tag === "Bytes" ? slices(body.bytes) : body.stream
  const total = body.length ?? lengthOf([request.headers["content-length"] ?? ""])
  return HttpClientRequest.setBody(
    request,
    HttpBody.stream(count(stream, report, total, options), body.contentType, total)
  )
}

/**
 * Returns the request with a body that reports its progress. A body in memory keeps its length, but becomes a
 * stream: it is sent only once, not again after a redirect or for a retry. A request without a body is
 * returned unchanged. With an invalid option the request fails with `InvalidOption`; with platform's client
 * that error is the `cause`.
 *
 * @example
 * import { Client, Progress } from "@httpfx/core"
 * import { Console } from "effect"
 *
 * const upload = Client.request(
 *   Progress.upload({ url: "http://a.test/", method: "PUT", body: "..." }, ({ bytes, total }) =>
 *     Console.log(`${bytes} of ${total}`)
 *   )
 * )
 *
 * @since 0.1.0
 * @category combinators
 */
export const upload: {
  (
    report: Report,
    options?: Options
  ): (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest
  (
    request: HttpClientRequest.HttpClientRequest,
    report: Report,
    options?: Options
  ): HttpClientRequest.HttpClientRequest
  <E = never>(
    request: Client.Request<E>,
    report: Report,
    options?: Options
  ): Client.Request<E | InvalidOption>
} = dual(
  (args) => typeof args[0] !== "function",
  (
    request: HttpClientRequest.HttpClientRequest | Client.Request<never>,
    report: Report,
    options: Options = {}
  ) =>
    HttpClientRequest.TypeId in request
      ? ofPlatform(request, report, options)
      : ofClient(request, report, options)
) as never

// ---- downloads

/**
 * Returns the body of a response as a stream that reports its progress. The total is that of
 * `Content-Length`. Fails with `InvalidOption` for an invalid option.
 *
 * @since 0.1.0
 * @category combinators
 */
export const download: {
  (
    response: HttpClientResponse.HttpClientResponse,
    report: Report,
    options?: Options
  ): Stream.Stream<Uint8Array, ResponseError | InvalidOption>
  (
    response: Client.Response,
    report: Report,
    options?: Options
  ): Stream.Stream<Uint8Array, Client.BodyError | InvalidOption>
} = (
  response: HttpClientResponse.HttpClientResponse | Client.Response,
  report: Report,
  options: Options = {}
): Stream.Stream<Uint8Array, never> => {
  const [body, length] =
    HttpClientResponse.TypeId in response
      ? [response.stream, response.headers["content-length"]]
      : [response.body, response.header("content-length")]
  return count(
    body as Bytes<never>,
    report,
    lengthOf(length === undefined ? [] : [length]),
    options
  ) as Bytes<never>
}

// ---- counts as a stream

/**
 * Runs an effect and returns the counts that it reports as a stream, which ends or fails with the effect. A
 * consumer that is more than 16 counts behind loses the oldest.
 *
 * @example
 * import { Client, Progress } from "@httpfx/core"
 * import { Effect, Stream } from "effect"
 *
 * const counts = Progress.counts((report) =>
 *   Effect.flatMap(Client.request({ url: "http://a.test/big" }), (response) =>
 *     Stream.runDrain(Progress.download(response, report))
 *   )
 * )
 *
 * @since 0.1.0
 * @category constructors
 */
export const counts = <A, E, R>(
  use: (report: Report) => Effect.Effect<A, E, R>
): Stream.Stream<Count, E, R> =>
  Stream.unwrapScoped(
    Effect.gen(function* () {
      const queue = yield* Effect.acquireRelease(Queue.sliding<Take.Take<Count, E>>(16), Queue.shutdown)
      const running = use((count) => Queue.offer(queue, Take.of(count)))
      yield* Effect.forkScoped(
        Effect.onExit(running, (exit) =>
          Queue.offer(queue, Exit.isSuccess(exit) ? Take.end : Take.failCause(exit.cause))
        )
      )
      return Stream.flattenTake(Stream.fromQueue(queue))
    })
  )
