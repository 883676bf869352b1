/**
 * Reads events from a server with `Client` or platform's client, and reconnects (HTML standard §9.2.3).
 *
 * A single loop pulls from one response after the other, so memory does not grow with the number of
 * responses. Never reconnects after a response whose status is not 200 or whose content type is not
 * `text/event-stream`.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type * as PlatformError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Decision from "effect/ScheduleDecision"
import * as Intervals from "effect/ScheduleIntervals"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Client from "../../Client.js"
import { EventTooLarge, NotAnEventStream } from "../../HttpError.js"
import { flatten, hasField } from "../../internal/client/headers.js"
import { mapChunks } from "./chunks.js"
import { EventDecoder, type DecodeLimits, type Message } from "./decode.js"

/**
 * Limits on the sizes of received events.
 *
 * @since 0.1.0
 * @category models
 */
export interface DecodeOptions {
  /** Maximum size of a line, in bytes without the line end. Default 1 MiB. */
  readonly maxLineSize?: number | undefined
  /** Maximum size of an event's data, in bytes. Default 4 MiB. */
  readonly maxEventSize?: number | undefined
}

export const limitsOf = ({ maxEventSize, maxLineSize }: DecodeOptions): DecodeLimits => ({
  maxLineSize: maxLineSize ?? 1_048_576,
  maxEventSize: maxEventSize ?? 4_194_304
})

/**
 * The reason why a source has no response any more: the response ended, or its connection failed.
 *
 * @since 0.1.0
 * @category models
 */
export type Disconnected<E> =
  | { readonly _tag: "Ended" }
  | {
      readonly _tag: "Failed"
      /** The error of the request or of the response body. */
      readonly error: E
    }

/**
 * A reconnection, as reported to `SourceOptions.onReconnect` before the wait.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reconnecting<E> {
  /** The reason why the source reconnects. */
  readonly reason: Disconnected<E>
  /** The wait before the next request, ms. */
  readonly delay: number
  /**
   * The id that the next request will send as `Last-Event-ID`. Empty if it will send no id. An id with
   * control characters is not sent, because no field value can hold it.
   */
  readonly lastEventId: string
}

/**
 * Options of a source of events.
 *
 * @since 0.1.0
 * @category models
 */
export interface SourceOptions<E> extends DecodeOptions {
  /** The id to send with the first request. Default: none. */
  readonly lastEventId?: string | undefined
  /**
   * Decides whether to reconnect, and sets the shortest wait before the next request. The schedule gets the
   * reason as its input, and starts anew with the first event of a response. When the schedule ends, the
   * stream ends or fails as the last response did. `Schedule.stop` disables reconnection.
   *
   * Default for GET: reconnects forever. The schedule adds no wait before the first attempt, then 1, 2, 4,
   * ... 30 seconds, with jitter. Default for other methods: never reconnects, because the request may have
   * effects.
   */
  readonly reconnect?: Schedule.Schedule<unknown, Disconnected<E>> | undefined
  /**
   * The shortest wait before a reconnection, unless the server sets it (`retry`). A wait of less than 100
   * milliseconds becomes 100 milliseconds. Default 3 seconds.
   */
  readonly reconnectionTime?: Duration.DurationInput | undefined
  /** The longest reconnection time that a server may set. Default 5 minutes. */
  readonly maxReconnectionTime?: Duration.DurationInput | undefined
  /** Called for each response of events, before its first event. */
  readonly onOpen?: (() => Effect.Effect<void>) | undefined
  /** Called for each reconnection, before the wait. */
  readonly onReconnect?: ((reconnecting: Reconnecting<E>) => Effect.Effect<void>) | undefined
}

/**
 * Options of a source of events on platform's client.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExecuteOptions extends SourceOptions<PlatformError.HttpClientError> {
  /**
   * Options that platform's request cannot express, such as `timeouts`. They apply to the first request and
   * to each reconnection.
   */
  readonly requestOptions?: Client.RequestOptions | undefined
}

/** The shortest wait, ms. Otherwise a server could make clients connect in a tight loop by `retry: 0`. */
const leastWait = 100

const backoff: Schedule.Schedule<unknown, unknown> = Schedule.jittered(
  Schedule.addDelay(Schedule.forever, (attempt) =>
    attempt === 0 ? Duration.zero : Duration.seconds(Math.min(2 ** (attempt - 1), 30))
  )
)

/** A response of `Client` or of platform's client, whose head has arrived. */
interface Opened<E> {
  readonly status: number
  readonly contentType: string | undefined
  readonly body: Stream.Stream<Uint8Array, E>
}

/** A request together with its client, which is `Client` or platform's client. */
interface Face<E> {
  readonly method: string
  readonly connect: (lastEventId: string) => Effect.Effect<Opened<E>, E, Scope.Scope>
  /** Returns whether another attempt may help after this error. */
  readonly isLoss: (error: E) => boolean
}

type Failure<E> = E | NotAnEventStream | EventTooLarge
type Pulled<E> = Effect.Effect<Chunk.Chunk<Message>, Option.Option<Failure<E>>>

const eventStream = /^[ \t]*text\/event-stream[ \t]*(;|$)/i

const isOurs = (error: unknown): boolean =>
  error instanceof EventTooLarge || error instanceof NotAnEventStream

class Source<E> {
  private current: { readonly pull: Pulled<E>; readonly scope: Scope.CloseableScope } | undefined = undefined
  private lastEventId: string
  private retry: number | undefined = undefined
  private readonly schedule: Schedule.Schedule<unknown, Disconnected<E>>
  private state: unknown

  constructor(
    private readonly scope: Scope.Scope,
    private readonly face: Face<E>,
    private readonly options: SourceOptions<E>
  ) {
    this.lastEventId = options.lastEventId ?? ""
    this.schedule = options.reconnect ?? (face.method === "GET" ? backoff : Schedule.stop)
    this.state = this.schedule.initial
  }

  readonly pull: Pulled<E> = Effect.suspend(() => {
    const { current } = this
    if (current === undefined) return this.open
    return Effect.catchAll(current.pull, (end) => {
      this.current = undefined
      return Effect.zipRight(
        Scope.close(current.scope, Exit.void),
        Option.match(end, {
          onNone: () => this.disconnected({ _tag: "Ended" }),
          onSome: (error) =>
            isOurs(error) ? Effect.fail(end) : this.disconnected({ _tag: "Failed", error: error as E })
        })
      )
    })
  })

  // The scope of a response closes with the scope of the stream at the latest.
  private readonly open: Pulled<E> = Effect.suspend(() =>
    Effect.flatMap(Scope.fork(this.scope, ExecutionStrategy.sequential), (scope) =>
      Effect.matchEffect(Scope.extend(this.face.connect(this.lastEventId), scope), {
        onFailure: (error) =>
          Effect.zipRight(Scope.close(scope, Exit.void), this.disconnected({ _tag: "Failed", error })),
        onSuccess: ({ body, contentType, status }) => {
          if (status === 200 && eventStream.test(contentType ?? "")) return this.opened(body, scope)
          const end =
            status === 204 ? Option.none() : Option.some(new NotAnEventStream({ status, contentType }))
          return Effect.zipRight(Scope.close(scope, Exit.void), Effect.fail(end))
        }
      })
    )
  )

  private opened(body: Stream.Stream<Uint8Array, E>, scope: Scope.CloseableScope): Pulled<E> {
    const decoder = new EventDecoder(limitsOf(this.options), this.lastEventId)
    const messages = mapChunks(body, (slice, into: Array<Message>) => {
      const tooLarge = decoder.push(slice, into)
      // A response without events is an attempt that has failed, so the waits go on growing.
      if (into.length > 0) this.state = this.schedule.initial
      this.lastEventId = decoder.lastEventId
      this.retry = decoder.retry ?? this.retry
      return tooLarge
    })
    return Effect.flatMap(Scope.extend(Stream.toPull(messages), scope), (pull) => {
      this.current = { pull, scope }
      return Effect.zipRight(this.options.onOpen?.() ?? Effect.void, this.pull)
    })
  }

  private disconnected(reason: Disconnected<E>): Pulled<E> {
    const end = reason._tag === "Ended" ? Option.none() : Option.some(reason.error)
    if (reason._tag === "Failed" && !this.face.isLoss(reason.error)) return Effect.fail(end)
    return Effect.flatMap(this.wait(reason), (waited) => (waited ? this.pull : Effect.fail(end)))
  }

  /** Waits until the next attempt. Returns `false` if there is no next attempt. */
  private wait(reason: Disconnected<E>): Effect.Effect<boolean> {
    return Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.flatMap(this.schedule.step(now, reason, this.state), ([state, , decision]) => {
        if (Decision.isDone(decision)) return Effect.succeed(false)
        this.state = state
        const {
          maxReconnectionTime = "5 minutes",
          onReconnect,
          reconnectionTime = "3 seconds"
        } = this.options
        const least =
          this.retry === undefined
            ? Duration.toMillis(reconnectionTime)
            : Math.min(this.retry, Duration.toMillis(maxReconnectionTime))
        const delay = Math.max(leastWait, least, Intervals.start(decision.intervals) - now)
        const lastEventId = isSendable(this.lastEventId) ? this.lastEventId : ""
        const told = onReconnect?.({ reason, delay, lastEventId }) ?? Effect.void
        return Effect.as(Effect.zipRight(told, Effect.sleep(delay)), true)
      })
    )
  }
}

const follow = <E, R>(
  face: Effect.Effect<Face<E>, never, R>,
  options: SourceOptions<E>
): Stream.Stream<Message, Failure<E>, R> =>
  Stream.fromPull(
    Effect.map(Effect.all([face, Effect.scope]), ([face, scope]) => new Source(scope, face, options).pull)
  )

const encoder = new TextEncoder()

// A field value holds the UTF-8 bytes of the id, with one character per byte.
const fieldOf = (lastEventId: string): string =>
  Array.from(encoder.encode(lastEventId), (byte) => String.fromCharCode(byte)).join("")

// No field value can hold the other characters. A request with such an id would end the source.
const isSendable = (lastEventId: string): boolean => !/[\0-\x08\x0a-\x1f\x7f]/.test(lastEventId)

const fieldsFor = (lastEventId: string): ReadonlyArray<readonly [name: string, value: string]> => [
  ["Accept", "text/event-stream"],
  ["Cache-Control", "no-cache"],
  ...(lastEventId === "" || !isSendable(lastEventId)
    ? []
    : ([["Last-Event-ID", fieldOf(lastEventId)]] as const))
]

// ---- events by `Client`

/** Codes of failures that the client itself caused. Another attempt would fail in the same way. */
const own = new Set(["ABORT_ERR", "ERR_HTTPFX_CLIENT_CLOSED", "ERR_HTTPFX_CONNECTION_OPTION"])

// An error with the phase of a request means that a connection was lost.
const isLoss = (error: unknown): boolean => {
  if (typeof error !== "object" || error === null || !("_tag" in error && "code" in error)) return false
  if (error._tag === "NameNotResolved" || error._tag === "ProxyRefused") return true
  return "phase" in error && error.phase !== undefined && !own.has(String(error.code))
}

const withFields = <E>(
  { headers, uniqueHeaders }: Client.Request<E>,
  lastEventId: string
): ReadonlyArray<string> => {
  const flat = flatten(headers, uniqueHeaders)
  for (const [name, value] of fieldsFor(lastEventId))
    if (!hasField(flat, name.toLowerCase())) flat.push(name, value)
  return flat
}

/** Implements `ServerSentEvents.request`. The options are already checked. */
export const followRequest = <E>(
  request: Client.Request<E>,
  options: SourceOptions<Client.RequestError | E>
): Stream.Stream<Message, Failure<Client.RequestError | E>, Client.Client> =>
  follow(
    Effect.map(Client.Client, (client): Face<Client.RequestError | E> => ({
      method: request.method ?? "GET",
      isLoss,
      connect: (lastEventId) =>
        Effect.map(
          client.requestScoped({ ...request, headers: withFields(request, lastEventId) }),
          (response) => ({
            status: response.status,
            contentType: response.header("content-type"),
            body: response.body
          })
        )
    })),
    options
  )

// ---- events by platform's client

const isPlatformLoss = (error: PlatformError.HttpClientError): boolean => {
  const { cause, reason } = error
  if (typeof cause === "object" && cause !== null && "_tag" in cause) return isLoss(cause)
  return reason === "Transport" || reason === "Decode"
}

/** Implements `ServerSentEvents.execute`. The options are already checked. */
export const followHttpClient = (
  request: HttpClientRequest.HttpClientRequest,
  options: ExecuteOptions
): Stream.Stream<Message, Failure<PlatformError.HttpClientError>, HttpClient.HttpClient> =>
  follow(
    Effect.map(HttpClient.HttpClient, (client): Face<PlatformError.HttpClientError> => {
      const scoped = HttpClient.withScope(client)
      const { requestOptions } = options
      return {
        method: request.method,
        isLoss: isPlatformLoss,
        connect: (lastEventId) => {
          const absent = fieldsFor(lastEventId).filter(([name]) => !(name.toLowerCase() in request.headers))
          const sent = scoped.execute(HttpClientRequest.setHeaders(request, absent))
          return Effect.map(
            requestOptions === undefined ? sent : Client.withRequestOptions(sent, requestOptions),
            (response) => ({
              status: response.status,
              contentType: response.headers["content-type"],
              body: response.stream
            })
          )
        }
      }
    }),
    options
  )
