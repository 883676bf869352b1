/**
 * A response that is an event stream. It sends the events of a stream as they come, sends comments while no
 * events come, and ends normally when the server drains.
 *
 * Never buffers events, because the stream is pulled only as fast as the client reads.
 */
import * as Headers from "@effect/platform/Headers"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { InvalidEvent } from "../../HttpError.js"
import * as Shutdown from "../../Shutdown.js"
import { mapChunks } from "./chunks.js"
import { encode, type Event } from "./encode.js"

/**
 * Options of a response that sends events.
 *
 * @since 0.1.0
 * @category models
 */
export interface ResponseOptions {
  /**
   * Time without an event after which a comment is sent. The comment keeps proxies from closing the
   * connection, and lets clients detect a dead connection. `Infinity` disables comments. Default 15 seconds
   * (HTML standard §9.2.7).
   */
  readonly heartbeat?: Duration.DurationInput | undefined
  /**
   * The wait before clients reconnect, sent before the first event. By default no wait is sent, and clients
   * choose it.
   */
  readonly retry?: Duration.DurationInput | undefined
  /**
   * Additional fields. They override the defaults `Cache-Control: no-store` and `X-Accel-Buffering: no`,
   * which keep caches and buffering proxies (nginx) from withholding events.
   */
  readonly headers?: Headers.Input | undefined
}

const encoder = new TextEncoder()
const heartbeatBytes = encoder.encode(":\n\n")

// Each pull runs in a separate fiber and continues while heartbeats are sent, so that no event is lost.
const withHeartbeat = <E, R>(
  stream: Stream.Stream<Uint8Array, E, R>,
  every: Duration.Duration
): Stream.Stream<Uint8Array, E, R> =>
  Stream.fromPull(
    Effect.gen(function* () {
      type Pulled = Chunk.Chunk<Uint8Array>
      const scope = yield* Effect.scope
      const pull = yield* Stream.toPull(stream)
      const silence = Effect.as(Effect.sleep(every), undefined)
      let pending: Fiber.RuntimeFiber<Pulled, Option.Option<E>> | undefined
      const pulling = Effect.suspend(() =>
        pending === undefined
          ? Effect.tap(Effect.forkIn(pull, scope), (fiber) => void (pending = fiber))
          : Effect.succeed(pending)
      )
      return Effect.flatMap(pulling, (fiber) =>
        Effect.flatMap(
          Effect.raceFirst(Fiber.await(fiber), silence),
          (exit: Exit.Exit<Pulled, Option.Option<E>> | undefined) => {
            if (exit === undefined) return Effect.succeed(Chunk.of(heartbeatBytes))
            pending = undefined
            return exit
          }
        )
      )
    })
  )

const encoded = <E, R>(events: Stream.Stream<Event, E, R>): Stream.Stream<Uint8Array, E | InvalidEvent, R> =>
  mapChunks(events, (event, into: Array<Uint8Array>) => {
    const text = encode(event)
    if (Either.isLeft(text)) return text.left
    into.push(encoder.encode(text.right))
    return undefined
  })

/** Implements `ServerSentEvents.response`. The options are already checked. */
export const respond = <E, R>(
  events: Stream.Stream<Event, E, R>,
  { headers, heartbeat = Duration.seconds(15), retry }: ResponseOptions
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, HttpServerRequest.HttpServerRequest | R> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<R>()
    const all = retry === undefined ? events : Stream.concat(Stream.make<[Event]>({ retry }), events)
    const bytes = Stream.provideContext(encoded(all), context)
    const every = Duration.decode(heartbeat)
    const stream = Duration.isFinite(every) ? withHeartbeat(bytes, every) : bytes
    return HttpServerResponse.stream(yield* Shutdown.endAtDrain(stream), {
      contentType: "text/event-stream",
      headers: Headers.fromInput({
        "cache-control": "no-store",
        "x-accel-buffering": "no",
        ...Headers.fromInput(headers)
      })
    })
  })
