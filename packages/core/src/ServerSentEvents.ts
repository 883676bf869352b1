/**
 * Server-sent events (HTML standard §9.2), for servers and clients.
 *
 * A server answers with a stream of events (`response`). While no events come, the stream sends comments. It
 * ends when the server drains, and stops when the client leaves. A client reads events as a stream that
 * reconnects, with `request` for `Client` and with `execute` for platform's `HttpClient`. `encode` and
 * `decode` are for other transports.
 *
 * @since 0.1.0
 */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type { HttpClient } from "@effect/platform/HttpClient"
import type * as PlatformError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type * as Client from "./Client.js"
import { mapChunks } from "./content/events/chunks.js"
import { EventDecoder, type Message } from "./content/events/decode.js"
import type { Event } from "./content/events/encode.js"
import { respond, type ResponseOptions } from "./content/events/response.js"
import {
  followHttpClient,
  followRequest,
  limitsOf,
  type DecodeOptions,
  type ExecuteOptions,
  type SourceOptions
} from "./content/events/source.js"
import type { EventTooLarge, InvalidOption, NotAnEventStream } from "./HttpError.js"
import {
  anything,
  callback,
  duration,
  finiteDuration,
  limit,
  refuseUnknown,
  string,
  type Complete
} from "./internal/options/checks.js"

export type { Message } from "./content/events/decode.js"
export { encode, type Event } from "./content/events/encode.js"
export type { ResponseOptions } from "./content/events/response.js"
export type {
  DecodeOptions,
  Disconnected,
  ExecuteOptions,
  Reconnecting,
  SourceOptions
} from "./content/events/source.js"

const responseChecks: Complete<ResponseOptions> = {
  headers: anything,
  heartbeat: duration,
  retry: finiteDuration
}

/**
 * Makes a response from a stream of events, with status 200, type `text/event-stream` and no caching. The
 * stream is pulled only as fast as the client reads, and is interrupted when the client leaves. When the
 * server begins to drain, the stream is ended. Clients then reconnect to another server with the id of the
 * last event.
 *
 * If the stream fails or has an event that cannot be sent (`InvalidEvent`), the connection closes before the
 * response is complete. With an invalid option the handler dies with `InvalidOption`, since handlers of an
 * `HttpApi` fail only with errors that the API declares.
 *
 * @example
 * import { HttpRouter } from "@effect/platform"
 * import { ServerSentEvents } from "@httpfx/core"
 * import { Schedule, Stream } from "effect"
 *
 * const ticks = Stream.fromSchedule(Schedule.spaced("1 second")).pipe(
 *   Stream.map((n) => ({ id: `${n}`, event: "tick", data: "tack" }))
 * )
 * const router = HttpRouter.empty.pipe(HttpRouter.get("/ticks", ServerSentEvents.response(ticks)))
 *
 * @since 0.1.0
 * @category server
 */
export const response: {
  (
    options?: ResponseOptions
  ): <E, R>(
    events: Stream.Stream<Event, E, R>
  ) => Effect.Effect<HttpServerResponse.HttpServerResponse, never, HttpServerRequest.HttpServerRequest | R>
  <E, R>(
    events: Stream.Stream<Event, E, R>,
    options?: ResponseOptions
  ): Effect.Effect<HttpServerResponse.HttpServerResponse, never, HttpServerRequest.HttpServerRequest | R>
} = dual(
  (args) => typeof args[0] === "object" && args[0] !== null && Stream.StreamTypeId in args[0],
  <E, R>(events: Stream.Stream<Event, E, R>, options: ResponseOptions = {}) =>
    Effect.suspend(() => {
      const refused = refuseUnknown(options, responseChecks)
      return refused === undefined ? respond(events, options) : Effect.die(refused)
    })
)

// The byte order mark at the start of an id belongs to the id.
const idDecoder = new TextDecoder("utf-8", { ignoreBOM: true })

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0))

/**
 * The `Last-Event-ID` of the request, decoded as UTF-8. It is the id of the last event that the client
 * received. `None` if the client has not received an id.
 *
 * @since 0.1.0
 * @category server
 */
export const lastEventId: Effect.Effect<
  Option.Option<string>,
  never,
  HttpServerRequest.HttpServerRequest
> = Effect.map(HttpServerRequest.HttpServerRequest, ({ headers }) => {
  const value = headers["last-event-id"]
  return value === undefined || value === "" ? Option.none() : Option.some(idDecoder.decode(latin1(value)))
})

/**
 * The `Last-Event-ID` of the request, decoded with a schema such as `Schema.NumberFromString`. Fails with
 * `ParseError` if the schema rejects the id.
 *
 * @example
 * import { ServerSentEvents } from "@httpfx/core"
 * import { Effect, Option, Schema } from "effect"
 *
 * const next = Effect.map(
 *   ServerSentEvents.schemaLastEventId(Schema.NumberFromString),
 *   Option.match({ onNone: () => 0, onSome: (id) => id + 1 })
 * )
 *
 * @since 0.1.0
 * @category server
 */
export const schemaLastEventId = <A, R>(
  schema: Schema.Schema<A, string, R>
): Effect.Effect<Option.Option<A>, ParseResult.ParseError, HttpServerRequest.HttpServerRequest | R> =>
  Effect.flatMap(
    lastEventId,
    Option.match({
      onNone: () => Effect.succeedNone,
      onSome: (id) => Effect.asSome(Schema.decode(schema)(id))
    })
  )

const decodeChecks: Complete<DecodeOptions> = { maxLineSize: limit(0), maxEventSize: limit(0) }

const sourceChecks: Complete<SourceOptions<never>> = {
  reconnect: anything,
  ...decodeChecks,
  lastEventId: string,
  reconnectionTime: finiteDuration,
  maxReconnectionTime: finiteDuration,
  onOpen: callback,
  onReconnect: callback
}
const executeChecks: Complete<ExecuteOptions> = { ...sourceChecks, requestOptions: anything }

/**
 * Decodes an event stream by the HTML standard, including its rules for line ends, the byte order mark and
 * malformed UTF-8. An event that is incomplete at the end of the stream is dropped. Fails with
 * `EventTooLarge` beyond a limit, and with `InvalidOption` for an invalid option.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode =
  (options: DecodeOptions = {}) =>
  <E, R>(
    bytes: Stream.Stream<Uint8Array, E, R>
  ): Stream.Stream<Message, E | EventTooLarge | InvalidOption, R> =>
    Stream.suspend((): Stream.Stream<Message, E | EventTooLarge | InvalidOption, R> => {
      const refused = refuseUnknown(options, decodeChecks)
      if (refused !== undefined) return Stream.fail(refused)
      const decoder = new EventDecoder(limitsOf(options))
      return mapChunks(bytes, (slice, into: Array<Message>) => decoder.push(slice, into))
    })

/**
 * The errors that {@link request} and {@link execute} add to the errors of the HTTP request and of the
 * response body.
 *
 * @since 0.1.0
 * @category errors
 */
export type SourceError = NotAnEventStream | EventTooLarge | InvalidOption

/**
 * Reads events with the `Client` in the context. Reconnects with `Last-Event-ID` when the response ends or
 * its connection is lost, after the wait that the server has set (`retry`). A response with 204 ends the
 * stream.
 *
 * The stream fails with `NotAnEventStream` if the status is neither 200 nor 204, or the content type is not
 * `text/event-stream`. It fails with `EventTooLarge` beyond a limit. It fails with the request's error if the
 * schedule `reconnect` ends or if another attempt cannot help.
 *
 * Set `timeouts.body` of the request to detect a dead connection on which nothing arrives. Leaving the stream
 * aborts the exchange.
 *
 * @example
 * import { Client, ServerSentEvents } from "@httpfx/core"
 * import { Console, Effect, Stream } from "effect"
 *
 * const program = ServerSentEvents.request({ url: "http://api.test/ticks", timeouts: { body: "1 minute" }
 * }).pipe(
 *   Stream.runForEach(({ event, data }) => Console.log(event, data)),
 *   Effect.provide(Client.layer)
 * )
 *
 * @since 0.1.0
 * @category client
 */
export const request = <E = never>(
  request: Client.Request<E>,
  options: SourceOptions<Client.RequestError | E> = {}
): Stream.Stream<Message, SourceError | Client.RequestError | E, Client.Client> =>
  Stream.suspend(() => {
    const refused = refuseUnknown(options as SourceOptions<never>, sourceChecks)
    return refused === undefined ? followRequest(request, options) : Stream.fail(refused)
  })

/**
 * Reads events as `request` does, with platform's `HttpClient` in the context.
 *
 * @since 0.1.0
 * @category client
 */
export const execute = (
  request: HttpClientRequest.HttpClientRequest,
  options: ExecuteOptions = {}
): Stream.Stream<Message, SourceError | PlatformError.HttpClientError, HttpClient> =>
  Stream.suspend((): Stream.Stream<Message, SourceError | PlatformError.HttpClientError, HttpClient> => {
    const refused = refuseUnknown(options, executeChecks)
    return refused === undefined ? followHttpClient(request, options) : Stream.fail(refused)
  })
