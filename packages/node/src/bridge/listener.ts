/**
 * Runs a request listener (an Express or Koa app, a handler) as an Effect app. The listener gets an
 * `IncomingMessage` and a `ServerResponse` of the callback API. Their socket is a transport that carries only
 * the current exchange.
 *
 * The listener's response is parsed into a response value, so Effect middleware can read and change the
 * response. Core's server then does the framing of that value itself.
 */
import * as Cookies from "@effect/platform/Cookies"
import type { Default } from "@effect/platform/HttpApp"
import { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Exchange from "@httpfx/core/Exchange"
import * as HttpError from "@httpfx/core/HttpError"
import type { Socket } from "@httpfx/core/Socket"
import { fault } from "@httpfx/core/Transport"
import { asksToContinue, type Framing, type ResponseHead } from "@httpfx/core/wire"
import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http"
import { TransportSocket } from "../socket/transportSocket.js"
import { ExchangeTransport, highWaterMark } from "./exchangeTransport.js"
import { endToEnd, framingOf, pairs, type RawFields, type RequestFacts } from "./messageBytes.js"
import { http } from "./modules.js"
import { setImmediate } from "../time/realTime.js"

/** A step of the listener's response, which the fiber of the exchange handles. */
type Step =
  | { readonly _tag: "Informational"; readonly head: ResponseHead }
  | { readonly _tag: "Answer"; readonly head: ResponseHead }
  | { readonly _tag: "Switch"; readonly head: ResponseHead; readonly rest: Uint8Array }
  | { readonly _tag: "Failed"; readonly cause: Cause.Cause<Failure> }

/** The errors with which the bridge itself ends an exchange. */
type Failure = HttpError.HangUp | HttpError.BodyAlreadyRead

const alreadyRead = new HttpError.BodyAlreadyRead({
  reason:
    "the app has read the stream of the request body before the listener. " +
    "Mount the listener before that, or read the body as a whole (`text`, `json`, `arrayBuffer`)"
})

const ended: IteratorResult<Uint8Array> = { done: true, value: undefined }

class MountedTransport extends ExchangeTransport {
  private readonly steps: Array<Step> = []
  private waiting: ((step: Effect.Effect<Step>) => void) | undefined = undefined
  /**
   * The response head, kept until the listener's write has been parsed. Only then is it known whether the
   * same write contains the body.
   */
  private headToTell: ResponseHead | undefined = undefined
  private readonly chunks: Array<Uint8Array> = []
  private size = 0
  private full = false
  private trailers: RawFields = []
  private failure: Error | undefined = undefined
  private resumeReader: (() => void) | undefined = undefined
  /** Resumes reading the request body after the listener's backpressure has ended. */
  private more: (() => void) | undefined = undefined
  private socket: Socket | undefined = undefined
  private readonly unsent: Array<Uint8Array> = []
  private ending = false
  /**
   * Completes when the listener asks for the request body. Completes immediately if the request has no
   * `Expect: 100-continue`.
   */
  readonly bodyWanted: Effect.Effect<void>
  private wantBody: () => void = () => {}
  private readonly framing: Framing

  constructor(
    readonly platform: HttpServerRequest,
    private readonly exchange: Option.Option<Exchange.Exchange>,
    facts: RequestFacts,
    /** Values that become members of the listener's request. */
    readonly values: object | undefined
  ) {
    const connection = Option.getOrUndefined(exchange)?.connection
    super(facts, { local: connection?.local, remote: connection?.remote, tls: connection?.tls })
    this.framing = framingOf(facts.rawHeaders)
    // After `Expect: 100-continue`, the body is read only when the listener sends 100. The listener may also
    // send a final response without reading the body.
    this.bodyWanted = expectsContinue(facts)
      ? Effect.async<void>((resume) => {
          this.wantBody = () => resume(Effect.void)
        })
      : Effect.void
  }

  get buffered(): number {
    return this.size
  }

  protected get flowing(): boolean {
    return !this.full
  }

  // ---- the request

  readonly receive = Effect.suspend(() => {
    const { exchange, platform } = this
    let received = 0
    const read = Stream.runForEachChunk(platform.stream, (slices) => {
      let more = true
      for (const slice of slices) {
        received += slice.length
        more = this.deliverBody(slice)
      }
      return more ? Effect.void : Effect.async<void>((resume) => void (this.more = () => resume(Effect.void)))
    })
    // The app may have read the body already. If it has read the whole body as a value, the request still has
    // that value. A stream that was read is empty.
    const again = Effect.suspend(() => {
      if (received > 0) return Effect.void
      return Effect.map(platform.arrayBuffer, (bytes) => {
        received = bytes.byteLength
        if (received > 0) this.deliverBody(new Uint8Array(bytes))
      })
    })
    const checked = Effect.suspend(() => {
      if (this.framing._tag === "Length" && received < this.framing.length) this.fail(Cause.fail(alreadyRead))
      return Effect.void
    })
    const trailers = Option.match(exchange, {
      onNone: () => Effect.succeed<RawFields>([]),
      onSome: (self) => Effect.map(self.trailers, ({ raw }) => raw)
    })
    const body = Effect.zipRight(Effect.zipRight(read, again), checked)
    return Effect.zipRight(this.bodyWanted, Effect.zipRight(body, trailers)).pipe(
      Effect.matchCause({
        onFailure: () => this.finish(),
        onSuccess: (raw) => this.endBody(raw)
      })
    )
  })

  protected wanted(): void {
    const { more } = this
    this.more = undefined
    more?.()
  }

  // ---- the response

  protected informational(head: ResponseHead): void {
    if (head.status === 100) this.wantBody()
    this.tell({ _tag: "Informational", head })
  }

  protected answer(head: ResponseHead): void {
    this.headToTell = head
  }

  protected answerData(slice: Uint8Array): void {
    // Copy the bytes, because the listener may reuse its buffer before core's server has sent them.
    this.chunks.push(slice.slice())
    this.size += slice.length
    if (this.size >= highWaterMark) this.full = true
    this.wake()
  }

  protected answerEnds(trailers: RawFields): void {
    this.trailers = trailers
    this.wake()
  }

  protected written(): void {
    const head = this.headToTell
    if (head === undefined) return
    this.headToTell = undefined
    this.tell({ _tag: "Answer", head })
  }

  protected broken(why: string): void {
    this.fail(
      Cause.fail(new HttpError.HangUp({ reason: `the listener aborted its response: ${why}`, phase: "head" }))
    )
  }

  /**
   * Fails the exchange with the listener's error. Returns `false` if the response is already complete or has
   * failed. The caller must then report the error in another way.
   */
  fail(cause: Cause.Cause<Failure>): boolean {
    if (this.failure !== undefined || this.answered || this.closed) return false
    this.failure = Cause.squash(cause) as Error
    this.tell({ _tag: "Failed", cause })
    this.wake()
    this.finish()
    return true
  }

  private tell(step: Step): void {
    const { waiting } = this
    this.waiting = undefined
    if (waiting === undefined) this.steps.push(step)
    else waiting(Effect.succeed(step))
  }

  readonly next: Effect.Effect<Step> = Effect.suspend(() => {
    const step = this.steps.shift()
    if (step !== undefined) return Effect.succeed(step)
    return Effect.async<Step>((resume) => {
      this.waiting = resume
    })
  })

  // ---- the response body, which core's server pulls

  /** The whole body if the response is already complete, otherwise `undefined`. */
  get whole(): Uint8Array | undefined {
    if (!this.answered) return undefined
    const { chunks } = this
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
  }

  /** Adds the listener's trailers to the exchange, which sends them after the body. */
  readonly addTrailers: Effect.Effect<void> = Effect.suspend(() =>
    this.trailers.length === 0 || Option.isNone(this.exchange)
      ? Effect.void
      : // Drop trailers that cannot be sent, as Node does.
        Effect.ignore(this.exchange.value.addTrailers(pairs(this.trailers)))
  )

  private async take(): Promise<IteratorResult<Uint8Array>> {
    for (;;) {
      const chunk = this.chunks.shift()
      if (chunk !== undefined) {
        this.size -= chunk.length
        if (this.full && this.size < highWaterMark) {
          this.full = false
          this.drained()
        }
        return { done: false, value: chunk }
      }
      if (this.answered) {
        Effect.runSync(this.addTrailers)
        this.over()
        return ended
      }
      if (this.failure !== undefined) throw this.failure
      await new Promise<void>((resolve) => {
        this.resumeReader = resolve
      })
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return {
      next: () => this.take(),
      return: () => {
        this.over()
        return Promise.resolve(ended)
      }
    }
  }

  private wake(): void {
    const { resumeReader } = this
    this.resumeReader = undefined
    resumeReader?.()
  }

  /** Ends the exchange. Closes the listener's connection after its pending writes have completed. */
  over(): void {
    if (this.full) {
      this.full = false
      this.drained()
    }
    setImmediate(() => this.finish())
  }

  // ---- the other protocol after an upgrade or CONNECT

  protected switching(head: ResponseHead, rest: Uint8Array): void {
    this.unsent.push(rest)
    this.size += rest.length
    this.tell({ _tag: "Switch", head, rest })
  }

  protected override raw(bytes: Uint8Array): void {
    this.unsent.push(bytes.slice())
    this.size += bytes.length
    if (this.size >= highWaterMark) this.full = true
    this.wake()
  }

  protected override rawEnd(): void {
    this.ending = true
    this.wake()
  }

  /** Relays bytes between the listener's socket and the client until both directions have ended. */
  relay(socket: Socket): Effect.Effect<void> {
    this.socket = socket
    const read = Stream.runForEach(socket.stream, (slice) =>
      this.deliver(slice)
        ? Effect.void
        : Effect.async<void>((resume) => void (this.more = () => resume(Effect.void)))
    )
    const incoming = Effect.matchCause(read, {
      onFailure: () => {
        this.finish(fault("ECONNRESET", "read"))
        this.rawEnd()
      },
      onSuccess: () => this.deliverEnd()
    })
    const piece: Effect.Effect<void, unknown> = Effect.suspend(() => {
      const bytes = this.unsent.shift()
      if (bytes !== undefined) {
        return Effect.map(socket.write(bytes), () => {
          this.size -= bytes.length
          if (this.full && this.size < highWaterMark) {
            this.full = false
            this.drained()
          }
        })
      }
      if (this.ending) return Effect.fail(undefined)
      return Effect.async<void>((resume) => {
        this.resumeReader = () => resume(Effect.void)
      })
    })
    const outgoing = Effect.zipRight(Effect.ignore(Effect.forever(piece)), socket.end)
    return Effect.zipRight(Effect.all([incoming, outgoing], { concurrency: 2, discard: true }), socket.closed)
  }

  override reset(): void {
    const { socket } = this
    super.reset()
    if (socket !== undefined) {
      Effect.runSync(socket.reset)
      this.rawEnd()
    }
  }
}

const expectsContinue = ({ httpVersion, rawHeaders }: RequestFacts): boolean =>
  httpVersion === "1.1" &&
  rawHeaders.some(
    (name, i) => i % 2 === 0 && name.toLowerCase() === "expect" && asksToContinue(rawHeaders[i + 1]!)
  )

const flat = (headers: Readonly<Record<string, string>>): RawFields => Object.entries(headers).flat()

const factsOf = (request: HttpServerRequest, exchange: Option.Option<Exchange.Exchange>): RequestFacts => ({
  method: request.method,
  // In a mounted app `url` is the path below the prefix, and `originalUrl` is the whole target. CONNECT needs
  // the whole target.
  target: (request.method as string) === "CONNECT" ? request.originalUrl : request.url,
  httpVersion: Option.match(exchange, { onNone: () => "1.1", onSome: (self) => self.httpVersion }),
  rawHeaders: Option.match(exchange, {
    onNone: () => flat(request.headers),
    onSome: (self) => self.rawHeaders
  })
})

// Keep each cookie as the listener wrote it. The attributes of the cookie stay part of the value after
// `name=`.
const cookiesOf = (fields: RawFields): Cookies.Cookies | undefined => {
  const cookies: Record<string, Cookies.Cookie> = {}
  let count = 0
  for (const [field, text] of pairs(fields)) {
    if (field.toLowerCase() !== "set-cookie") continue
    const at = text.indexOf("=")
    const name = at < 0 ? text : text.slice(0, at)
    const value = at < 0 ? "" : text.slice(at + 1)
    // Cookies of the same name need different keys in this record, so that all of them are sent.
    const key = name in cookies ? `${name}#${count}` : name
    cookies[key] = { ...plainCookie, name, value, valueEncoded: value, options: undefined }
    count++
  }
  return count === 0 ? undefined : Cookies.fromReadonlyRecord(cookies)
}
const plainCookie = Cookies.unsafeMakeCookie("name", "value")

const responseOf = (
  { rawHeaders, status, statusMessage }: ResponseHead,
  body: unknown
): HttpServerResponse.HttpServerResponse => {
  const fields = endToEnd(rawHeaders)
  const headers = new Map<string, string>()
  for (const [name, value] of pairs(fields)) {
    const key = name.toLowerCase()
    if (key === "set-cookie") continue
    const before = headers.get(key)
    headers.set(key, before === undefined ? value : `${before}, ${value}`)
  }
  return HttpServerResponse.raw(body, {
    status,
    statusText: statusMessage,
    headers: [...headers],
    cookies: cookiesOf(fields)
  })
}

const inform = (
  exchange: Option.Option<Exchange.Exchange>,
  { rawHeaders, status }: ResponseHead
): Effect.Effect<void> => {
  if (Option.isNone(exchange)) return Effect.void
  const self = exchange.value
  // As Node does, ignore the error of a 1xx response that comes too late, or that an HTTP/1.0 client cannot
  // get.
  return Effect.ignore(status === 100 ? self.continue : self.informational(status, pairs(rawHeaders)))
}

/** Wraps a listener so that an error of the listener fails the exchange. */
const guarded = (listener: RequestListener): RequestListener => {
  const guard: RequestListener = (req, res) => {
    const { transport } = req.socket as unknown as { readonly transport: MountedTransport }
    const { originalUrl } = transport.platform
    if (originalUrl !== req.url) Object.assign(req, { originalUrl })
    Object.assign(req, transport.values)
    const failed = (error: unknown) => {
      if (!transport.fail(Cause.die(error))) throw error
    }
    try {
      const returned: unknown = listener(req, res)
      if (returned instanceof Promise) returned.catch(failed)
    } catch (error) {
      failed(error)
    }
  }
  // Expose the original function as `listener`, as a `once` wrapper does, because `adoptListener` needs that
  // function.
  return Object.assign(guard, { listener })
}

/**
 * Makes a server that calls only this listener. The limits and timeouts of this server are disabled, because
 * the outer server applies its own limits and timeouts.
 */
const serverFor = (listener: RequestListener): Server =>
  http.createServer(
    {
      maxHeaderSize: 1 << 30,
      requireHostHeader: false,
      keepAliveTimeout: 0,
      headersTimeout: 0,
      requestTimeout: 0
    },
    guarded(listener)
  )

const isServer = (value: RequestListener | Server): value is Server => typeof value !== "function"

/**
 * Values that an Effect app passes to a listener that is mounted in the app.
 *
 * @since 0.1.0
 * @category models
 */
export interface ListenerValues<Values extends object, E = never, R = never> {
  /**
   * An effect that returns values for the listener's request, whose members they become. It runs for each
   * request, in the context of the app.
   */
  readonly values: Effect.Effect<Values, E, R>
}

/**
 * Turns a request listener into an Effect app. The listener is an Express or Koa app, Fastify's
 * `app.routing`, or any `(req, res) => void`. A server of `@httpfx/node/http` that does not listen is
 * accepted too. The app then also calls the `upgrade`, `connect` and `checkContinue` listeners of that
 * server.
 *
 * The app completes when the listener has started its response. The body is streamed as the listener writes
 * it, under the client's backpressure. An error that the listener throws is a defect, and so is a rejection
 * of the promise that the listener returns. The server then sends 500 or, if the response has started, aborts
 * the response.
 *
 * If the listener destroys its response, the app fails with `HangUp`. If the client disconnects, the listener
 * gets the same events as from Node: `aborted` and `close` on the request, `close` on the response.
 *
 * `values` is an effect that returns values of the Effect app. They become members of the listener's request,
 * such as `req.user`, and the type of the listener declares the members that it expects. The effect runs for
 * each request. If it fails, the app fails and the listener is not called.
 *
 * @example
 * import { HttpRouter } from "@effect/platform"
 * import * as bridge from "@httpfx/node/bridge"
 * import { Context, Effect } from "effect"
 *
 * class CurrentUser extends Context.Tag("CurrentUser")<CurrentUser, { readonly name: string }>() {}
 *
 * const values = Effect.map(CurrentUser, (user) => ({ user }))
 * const legacy = bridge.fromListener((req, res) => res.end(`hello ${req.user.name}`), { values })
 *
 * const router = HttpRouter.empty.pipe(HttpRouter.mountApp("/old", legacy))
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromListener: {
  (listener: RequestListener | Server): Default<HttpError.HangUp | Exchange.UpgradeError, Scope.Scope>
  <Values extends object, E, R>(
    listener: (req: IncomingMessage & Values, res: ServerResponse) => unknown,
    options: ListenerValues<Values, E, R>
  ): Default<HttpError.HangUp | Exchange.UpgradeError | E, Scope.Scope | R>
} = <Values extends object, E, R>(
  listener: RequestListener | Server,
  options?: ListenerValues<Values, E, R>
): Default<HttpError.HangUp | Exchange.UpgradeError | E, Scope.Scope | R> => {
  const server = isServer(listener) ? listener : serverFor(listener)
  return Effect.flatMap(HttpServerRequest, (request) => {
    const exchange = Exchange.fromRequest(request)
    const mounted = (values: object | undefined) => {
      const transport = new MountedTransport(request, exchange, factsOf(request, exchange), values)
      return Effect.zipRight(begin(server, transport), answerOf(transport, exchange))
    }
    return options === undefined ? mounted(undefined) : Effect.flatMap(options.values, mounted)
  })
}

const begin = (server: Server, transport: MountedTransport) =>
  Effect.gen(function* () {
    yield* Effect.addFinalizer(() => Effect.sync(() => transport.over()))
    if (transport.hasBody) yield* Effect.forkScoped(transport.receive)
    server.emit("connection", new TransportSocket(transport, { allowHalfOpen: true }))
  })

const answerOf = (
  transport: MountedTransport,
  exchange: Option.Option<Exchange.Exchange>
): Effect.Effect<HttpServerResponse.HttpServerResponse, HttpError.HangUp | Exchange.UpgradeError> =>
  Effect.flatMap(transport.next, (step) => {
    switch (step._tag) {
      case "Informational":
        return Effect.zipRight(inform(exchange, step.head), answerOf(transport, exchange))
      case "Answer": {
        const { whole } = transport
        if (whole === undefined) return Effect.succeed(responseOf(step.head, transport))
        return Effect.as(
          Effect.zipLeft(
            transport.addTrailers,
            Effect.sync(() => transport.over())
          ),
          responseOf(step.head, whole.length === 0 ? undefined : whole)
        )
      }
      case "Failed":
        return Effect.failCause(step.cause)
      case "Switch":
        return switched(transport, exchange, step.head)
    }
  })

const switched = (
  transport: MountedTransport,
  exchange: Option.Option<Exchange.Exchange>,
  { rawHeaders, status, statusMessage }: ResponseHead
): Effect.Effect<HttpServerResponse.HttpServerResponse, HttpError.HangUp | Exchange.UpgradeError> => {
  if (Option.isNone(exchange)) {
    return Effect.die(new Error("an upgrade needs a server of httpfx"))
  }
  const headers = pairs(rawHeaders)
  return exchange.value.upgrade({ status, statusMessage, headers }).pipe(
    Effect.flatMap((socket) => transport.relay(socket)),
    Effect.as(HttpServerResponse.empty())
  )
}
