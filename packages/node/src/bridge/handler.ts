/**
 * Runs an Effect app as listeners of a callback server. Each request becomes a separate connection to a
 * server of core that has no port. The response of that server is written to the `ServerResponse`.
 */
import type { Default } from "@effect/platform/HttpApp"
import type { HttpMiddleware } from "@effect/platform/HttpMiddleware"
import type { ServeError } from "@effect/platform/HttpServerError"
import type { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as HttpError from "@httpfx/core/HttpError"
import * as Network from "@httpfx/core/Network"
import * as ServerTimeouts from "@httpfx/core/ServerTimeouts"
import * as Server from "@httpfx/core/Server"
import { fault, tcp, type Transport } from "@httpfx/core/Transport"
import { everyFlag, type ResponseHead } from "@httpfx/core/wire"
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"
import type { Socket } from "node:net"
import type { Duplex } from "node:stream"
import type { TLSSocket } from "node:tls"
import { tlsFacts } from "../socket/tlsFacts.js"
import { StreamTransport } from "../socket/streamTransport.js"
import { carries } from "./callbackRequest.js"
import { ExchangeTransport, type Ends } from "./exchangeTransport.js"
import { endToEnd, framingOf, pairs, requestHead, type RawFields, type RequestFacts } from "./messageBytes.js"
import { readBody, unread, type ReadBody } from "./readBody.js"

/**
 * Listeners for the `request` and `upgrade` events of a callback server.
 *
 * @since 0.1.0
 * @category models
 */
export interface Listeners {
  /** The listener for `createServer`, or for other code that calls request listeners. */
  readonly request: RequestListener
  /**
   * Hands the connection over to the app's server. That server then also serves all later requests on the
   * connection.
   */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Uint8Array) => void
  /**
   * The server that runs the app, for access to its state, events and shutdown. The server does not listen,
   * so its `address` has no meaning.
   */
  readonly server: Server.Service
}

/**
 * The server options that apply to the app. Set limits of connections, head sizes and request timeouts on the
 * callback server.
 *
 * @since 0.1.0
 * @category models
 */
export interface ListenerOptions extends Pick<
  Server.ServerOptions,
  "maxBodySize" | "highWaterMark" | "joinDuplicateHeaders" | "uniqueHeaders" | "unknownExpectations"
> {
  /** Middleware around the app. Default: none. */
  readonly middleware?: HttpMiddleware | undefined
}

const factsOf = (req: IncomingMessage): RequestFacts => ({
  method: req.method!,
  target: req.url!,
  httpVersion: req.httpVersion === "1.0" ? "1.0" : "1.1",
  rawHeaders: req.rawHeaders
})

const addressOf = (host: string | undefined, port: number | undefined) =>
  host === undefined || port === undefined ? undefined : tcp(host, port)

const endsOf = (socket: Socket): Ends => ({
  local: addressOf(socket.localAddress, socket.localPort),
  remote: addressOf(socket.remoteAddress, socket.remotePort),
  get tls() {
    const secure = socket as TLSSocket
    return secure.encrypted && typeof secure.getProtocol === "function" ? tlsFacts(secure) : undefined
  }
})

type Informing = ServerResponse & {
  _sent100?: boolean
  writeInformation?(status: number, headers: RawFields): void
}

class ListenedTransport extends ExchangeTransport {
  /**
   * The latest slice of the body. Its write is delayed, so that a complete body is sent in one write, by
   * `end(slice)`.
   */
  private held: Uint8Array | undefined = undefined
  private open = true
  private left = false

  readonly bodyAlreadyRead: string | undefined

  constructor(
    private readonly req: IncomingMessage,
    private readonly res: Informing
  ) {
    const facts = factsOf(req)
    const body: ReadBody = framingOf(facts.rawHeaders)._tag === "None" ? unread : readBody(req)
    // Remove the `Upgrade` field, because an app cannot take over the connection from a request listener.
    super(
      body._tag === "Unread" ? facts : { ...facts, rawHeaders: body.rawHeaders },
      endsOf(req.socket),
      "upgrade"
    )
    this.bodyAlreadyRead = body._tag === "Gone" ? body.reason : undefined
    if (body._tag === "Unread") {
      req.on("data", (chunk: Uint8Array) => {
        if (!this.deliverBody(chunk)) req.pause()
      })
      req.on("end", () => this.endBody(req.rawTrailers))
    } else {
      if (body._tag === "Kept") this.deliverBody(body.bytes)
      this.endBody(req.rawTrailers)
    }
    req.on("error", () => {})
    res.on("drain", () => {
      this.open = true
      this.drained()
    })
    res.on("error", () => {})
    res.on("finish", () => this.finish())
    res.on("close", () => this.finish(this.answered ? undefined : fault("ECONNRESET", "read")))
    // A response that is already destroyed or sent emits no further events, so end the exchange here.
    if (res.destroyed || res.writableFinished) this.finish(fault("ECONNRESET", "read"))
  }

  get buffered(): number {
    return this.closed ? 0 : this.res.writableLength
  }

  protected get flowing(): boolean {
    return this.open
  }

  protected wanted(): void {
    this.req.resume()
  }

  protected informational({ rawHeaders, status }: ResponseHead): void {
    const { res } = this
    if (status === 100) {
      if (res._sent100 !== true) res.writeContinue()
    } else if (status === 102) res.writeProcessing()
    else res.writeInformation?.(status, rawHeaders)
  }

  protected answer({ rawHeaders, status, statusMessage }: ResponseHead): void {
    const { res } = this
    // Pass the fields as a list. A list replaces fields of the same names, and keeps all other fields that
    // other code has set.
    if (!this.refusedBy(() => res.writeHead(status, statusMessage, endToEnd(rawHeaders)))) return
    if (status === 204 || status === 304 || this.req.method === "HEAD") res.flushHeaders()
  }

  // Calls a function that throws if other code has sent or destroyed the response. Returns `false` if it
  // throws.
  private refusedBy(f: () => void): boolean {
    if (this.left) return false
    try {
      f()
      return true
    } catch (error) {
      this.left = true
      this.res.destroy(error as Error)
      return false
    }
  }

  protected answerData(slice: Uint8Array): void {
    this.passHeld()
    this.held = slice
  }

  protected answerEnds(trailers: RawFields): void {
    const { held, res } = this
    this.held = undefined
    if (this.left) return
    if (trailers.length > 0) res.addTrailers(pairs(trailers))
    if (held === undefined) res.end()
    else res.end(held)
  }

  protected written(): void {
    this.passHeld()
  }

  private passHeld(): void {
    const { held, res } = this
    this.held = undefined
    if (held === undefined || this.left || res.write(held)) return
    this.open = false
    // A destroyed response never emits `drain`, so mark it as not writable instead of waiting for `drain`.
    if (res.destroyed || res.socket?.destroyed === true) this.writable = false
  }

  protected switching(): void {
    this.broken()
  }

  protected broken(): void {
    this.left = true
    this.res.destroy()
  }
}

const unsupported = new HttpError.ConnectionFailed({
  code: "ENOSYS",
  reason: "an app of toListeners only receives requests of its callback server",
  phase: "connect"
})

/**
 * Makes a network without ports. When a server listens on the network, `listens` gets a function that passes
 * a connection to that server.
 */
const given = (listens: (accept: (transport: Transport) => void) => void): Network.Service => ({
  resolve: (host) =>
    Effect.fail(new HttpError.NameNotResolved({ code: "ENOTFOUND", host, reason: unsupported.reason })),
  connect: () => Effect.fail(unsupported),
  secure: () => Effect.die(unsupported),
  listen: (_options, onConnection) =>
    Effect.sync(() => {
      listens(onConnection)
      return { address: tcp("0.0.0.0", 0), close: Effect.void, ref: () => {}, unref: () => {} }
    })
})

// The callback server applies its own timeouts. The timeouts of core's server are therefore off, unless the
// context has `ServerTimeouts`.
const timeouts = Effect.flatMap(Effect.context<never>(), (context) =>
  Option.match(Context.getOption(context, ServerTimeouts.ServerTimeouts), {
    onNone: () =>
      Effect.orDie(
        ServerTimeouts.make({ headersTimeout: Infinity, requestTimeout: Infinity, progressTimeout: Infinity })
      ),
    onSome: Effect.succeed
  })
)

/**
 * Turns an Effect app into listeners of a callback server, which may be ours or Node's. Register
 * `listeners.request` for `request`. Register `listeners.upgrade` for `upgrade` if the app uses WebSockets or
 * other protocols.
 *
 * The app can use its `Exchange` as on a server of core, for raw fields, the connection, 1xx responses and
 * trailers. If the client disconnects, the app is interrupted. Closing the scope waits for in-flight
 * responses. If the context has `ServerTimeouts`, they apply in addition to the timeouts of the callback
 * server.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toListeners = <E, R>(
  app: Default<E, R>,
  options: ListenerOptions = {}
): Effect.Effect<Listeners, ServeError, Scope.Scope | Exclude<R, Scope.Scope | HttpServerRequest>> => {
  const { middleware, ...rest } = options
  // The server provides a `Scope` for each exchange, so the cast removes `Scope` from the requirements.
  const scoped = app as Default<E, Exclude<R, Scope.Scope | HttpServerRequest>>
  return Effect.gen(function* () {
    let accept: (transport: Transport) => void = () => {}
    const network = given((onConnection) => {
      accept = onConnection
    })
    const server = yield* Effect.provide(
      Server.make({
        ...rest,
        port: 0,
        // The callback server has already validated the request, so disable the checks by which core's server
        // could refuse it.
        flags: everyFlag,
        requireHostHeader: false,
        limits: { maxHeaderSize: 1 << 30, maxHeaderCount: 0 },
        sendDate: false
      }),
      Context.make(Network.Network, network).pipe(Context.add(ServerTimeouts.ServerTimeouts, yield* timeouts))
    )
    yield* middleware === undefined
      ? server.httpServer.serve(scoped)
      : server.httpServer.serve(scoped, middleware)
    return {
      request: (req, res) => accept(carries(new ListenedTransport(req, res), req)),
      upgrade: (req, socket, head) => {
        // Put the request head back at the start of the stream, so that core's server parses the whole
        // request.
        socket.unshift(Buffer.concat([Buffer.from(requestHead(factsOf(req)), "latin1"), head]))
        accept(carries(new StreamTransport(socket), req))
      },
      server
    }
  })
}
