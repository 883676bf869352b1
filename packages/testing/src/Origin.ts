/**
 * Stubs of third-party services: HTTP servers on the network, whose replies the test defines.
 *
 * The client under test runs as in production: it resolves the name, connects, pools connections, times out
 * and retries. If no stub matches a request, the response is a 501 that states the reasons. Closing the scope
 * of the origin then dies, unless `strict` is `false`.
 *
 * @since 0.1.0
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServer from "@effect/platform/HttpServer"
import type { ServeError } from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { Network, type TlsOptions } from "@httpfx/core/Network"
import * as Server from "@httpfx/core/Server"
import { type HandlerFailure, keepFailures, type OnHandlerFailure } from "./assert/handlerFailures.js"
import { connectionNumbers } from "./peer/origin/connections.js"
import type { Answer, Call, ConnectionFault, Reply, Route } from "./peer/origin/model.js"
import { fitsRoute, nameOf, reasons } from "./peer/origin/match.js"

export type {
  Answer,
  Call,
  ConnectionFault,
  FieldMatcher,
  Matcher,
  Reply,
  Route
} from "./peer/origin/model.js"

/**
 * A response that is cut off before its end.
 *
 * @since 0.1.0
 * @category models
 */
export interface BrokenOff {
  /** The response to cut off. Default: nothing is sent. */
  readonly response?: HttpServerResponse.HttpServerResponse | undefined
  /** Number of bytes of the response that are sent, including the head. Default: only the head is sent. */
  readonly afterBytes?: number | undefined
}

const connectionFault =
  (by: ConnectionFault["by"]) =>
  ({ afterBytes, response }: BrokenOff = {}): ConnectionFault => ({
    _tag: "ConnectionFault",
    by,
    response,
    afterBytes
  })

/**
 * A reply that resets the connection, so the client fails with `ConnectionReset`. If the request was sent on
 * a reused connection, the client may retry the request (docs/client.md). The retry then counts as another
 * call.
 *
 * @example
 * import { HttpServerResponse } from "@effect/platform"
 * import { Origin } from "@httpfx/testing"
 *
 * const origin = Origin.make(
 *   { host: "payments.test" },
 *   { path: "/charges", reply: [Origin.reset(), HttpServerResponse.text("charged")] },
 *   {
 *     path: "/report",
 *     reply: Origin.hangUp({ response: HttpServerResponse.text("all of it"), afterBytes: 150 })
 *   }
 * )
 *
 * @since 0.1.0
 * @category replies
 */
export const reset: (options?: BrokenOff) => ConnectionFault = connectionFault("reset")

/**
 * A reply that sends FIN before the response is complete, so the client fails with `HangUp`.
 *
 * @since 0.1.0
 * @category replies
 */
export const hangUp: (options?: BrokenOff) => ConnectionFault = connectionFault("end")

const Unmatched = Schema.Struct({
  method: Schema.String,
  target: Schema.String,
  /** The name of each stub, and the reasons why the stub does not match. */
  stubs: Schema.Array(Schema.Struct({ name: Schema.String, reasons: Schema.Array(Schema.String) }))
})

/**
 * A request that no stub matched.
 *
 * @since 0.1.0
 * @category models
 */
export type Unmatched = typeof Unmatched.Type

const print = (origin: string, { method, stubs, target }: Unmatched): string =>
  [
    `no stub of ${origin} matches ${method} ${target}`,
    ...(stubs.length === 0 ? ["  there are no stubs"] : []),
    ...stubs.map(({ name, reasons }) => `  ${name}\n${reasons.map((reason) => `    ${reason}`).join("\n")}`)
  ].join("\n")

/**
 * The error for an origin that received requests without a matching stub, or whose stubs were called less
 * often than expected.
 *
 * @since 0.1.0
 * @category errors
 */
export class OriginUnmet extends Schema.TaggedError<OriginUnmet>("@httpfx/testing/OriginUnmet")(
  "OriginUnmet",
  {
    /** The URL of the origin: `http://name:port`. */
    origin: Schema.String,
    /** Requests that no stub matched. */
    unmatched: Schema.Array(Unmatched),
    /** Stubs that were called less often than their `times`, or never. */
    pending: Schema.Array(Schema.String)
  }
) {
  override get message(): string {
    return [
      ...this.unmatched.map((request) => print(this.origin, request)),
      ...this.pending.map((stub) => `stub of ${this.origin} not called: ${stub}`)
    ].join("\n")
  }
}

/**
 * Options of an origin.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The host name of the origin in clients' URLs. Any name works on a `MemoryNetwork`. */
  readonly host: string
  /** The port. Default 80, or 443 with `tls`. */
  readonly port?: number | undefined
  /** TLS options. With them the origin is an `https` origin. The network must support TLS. */
  readonly tls?: Omit<TlsOptions, "role"> | undefined
  /** Options of the origin's server. */
  readonly server?: Server.ServerOptions | undefined
  /** Whether closing the scope dies after a request that no stub matched. Default `true`. */
  readonly strict?: boolean | undefined
  /**
   * The way in which failures of replies and handlers are reported, if the test has not read them from
   * `Origin.failures`. Default `print`.
   */
  readonly onHandlerFailure?: OnHandlerFailure | undefined
}

/**
 * A stubbed HTTP server. It replies as its stubs define, and records the requests.
 *
 * @since 0.1.0
 * @category models
 */
export interface Origin {
  /** The URL of the origin, without a path: `http://api.stripe.test`. */
  readonly url: string
  /** Adds stubs before the existing stubs. The first stub that matches a request determines the reply. */
  readonly stub: (...routes: ReadonlyArray<Route>) => Effect.Effect<void>
  /** All requests so far. The oldest is the first. */
  readonly calls: Effect.Effect<ReadonlyArray<Call>>
  /** Requests so far that no stub matched. */
  readonly unmatched: Effect.Effect<ReadonlyArray<Unmatched>>
  /** Number of connections so far. */
  readonly connections: Effect.Effect<number>
  /**
   * Failures of replies and handlers so far. Failures that a test has read here are left out of the report
   * when the scope closes.
   */
  readonly failures: Effect.Effect<ReadonlyArray<HandlerFailure>>
  /**
   * Fails if a stub was called less often than its `times`, or if a request matched no stub. The default of
   * `times` is 1. For an `optional` stub it is 0.
   */
  readonly assertAllCalled: Effect.Effect<void, OriginUnmet>
}

interface Stub {
  readonly route: Route
  calls: number
}

const isFault = (answer: object): answer is ConnectionFault =>
  "_tag" in answer && answer._tag === "ConnectionFault"

const replyOf = ({ calls, route }: Stub, call: Call) => {
  const { reply } = route
  const replies: ReadonlyArray<Reply> = Array.isArray(reply) ? reply : [reply as Reply]
  const next = replies[Math.min(calls, replies.length) - 1]!
  const answer = typeof next === "function" ? next(call) : next
  return HttpServerResponse.isServerResponse(answer) || isFault(answer) ? Effect.succeed(answer) : answer
}

/**
 * Starts an origin that listens on the network in the context until the scope closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options,
  ...routes: ReadonlyArray<Route>
): Effect.Effect<Origin, ServeError, Network | Scope.Scope> =>
  Effect.gen(function* () {
    const stubs: Array<Stub> = []
    const calls: Array<Call> = []
    const unmatched: Array<Unmatched> = []
    const add = (more: ReadonlyArray<Route>) => stubs.unshift(...more.map((route) => ({ route, calls: 0 })))
    add(routes)

    const answer = (
      call: Call
    ): Effect.Effect<Answer, never, HttpServerRequest.HttpServerRequest | Scope.Scope> =>
      Effect.suspend(() => {
        const spent = ({ calls, route }: Stub) => route.times !== undefined && calls >= route.times
        const stub = stubs.find((entry) => !spent(entry) && fitsRoute(entry.route, call))
        calls.push({ ...call, stub: stub === undefined ? undefined : nameOf(stub.route) })
        if (stub !== undefined) {
          stub.calls++
          return replyOf(stub, call)
        }
        const tried = stubs.map((entry) => ({
          name: nameOf(entry.route),
          reasons: [
            ...reasons(entry.route, call),
            ...(spent(entry) ? [`times: already called ${entry.calls} times`] : [])
          ]
        }))
        const request = { method: call.method, target: call.target, stubs: tried }
        unmatched.push(request)
        return Effect.succeed(HttpServerResponse.text(`${print(served.url, request)}\n`, { status: 501 }))
      })

    const clock = yield* Effect.clock
    let number = 0
    const served = yield* serve(options, (request, connection, cut) =>
      Effect.gen(function* () {
        const time = clock.unsafeCurrentTimeMillis()
        const current = ++number
        const bytes = new Uint8Array(yield* request.arrayBuffer)
        const answered = yield* answer({
          number: current,
          time,
          connection,
          method: request.method,
          target: request.url,
          headers: { ...request.headers },
          bytes,
          text: new TextDecoder().decode(bytes),
          stub: undefined
        })
        if (!isFault(answered)) return answered
        cut(answered.by, answered.response === undefined ? 0 : answered.afterBytes)
        // If the reply has no response, wait until the close of the connection interrupts this handler.
        return answered.response ?? (yield* Effect.never)
      })
    )
    const { url } = served
    const unmet = (pending: ReadonlyArray<string>) =>
      pending.length === 0 && unmatched.length === 0
        ? Effect.void
        : Effect.fail(new OriginUnmet({ origin: url, unmatched: [...unmatched], pending }))
    if (options.strict !== false)
      yield* Effect.addFinalizer(() => Effect.orDie(Effect.suspend(() => unmet([]))))
    return {
      url,
      stub: (...more) => Effect.sync(() => void add(more)),
      calls: Effect.sync(() => [...calls]),
      unmatched: Effect.sync(() => [...unmatched]),
      connections: served.connections,
      failures: served.failures,
      assertAllCalled: Effect.suspend(() =>
        unmet(
          stubs.flatMap(({ calls, route }) => {
            const wanted = route.times ?? (route.optional === true ? 0 : 1)
            if (calls >= wanted || (calls === 0 && route.optional === true)) return []
            return [
              route.times === undefined ? nameOf(route) : `${nameOf(route)} (${calls} of ${wanted} times)`
            ]
          })
        )
      )
    }
  })

/**
 * Starts an origin that serves an app in place of stubs, to simulate a whole service. Returns the URL of the
 * origin.
 *
 * @since 0.1.0
 * @category constructors
 */
export const app = <E>(
  options: Options,
  handler: HttpApp.Default<E, Scope.Scope>
): Effect.Effect<string, ServeError, Network | Scope.Scope> =>
  Effect.map(
    serve(options, () => handler),
    ({ url }) => url
  )

const urlOf = ({ host, tls }: Options, { address }: Server.Service): string => {
  const [protocol, usual] = tls === undefined ? ["http", 80] : ["https", 443]
  const port = address._tag === "TcpAddress" && address.port !== usual ? `:${address.port}` : ""
  return `${protocol}://${host.includes(":") ? `[${host}]` : host}${port}`
}

const serve = <E>(
  options: Options,
  handler: (
    request: HttpServerRequest.HttpServerRequest,
    connection: number,
    cut: (by: ConnectionFault["by"], afterBytes: number | undefined) => void
  ) => HttpApp.Default<E, Scope.Scope>
) =>
  Effect.gen(function* () {
    const { host, port = options.tls === undefined ? 80 : 443, server, tls } = options
    const numbered = connectionNumbers(yield* Network, tls)
    const made = Effect.provideService(
      // Close idle connections without a grace period at shutdown, because the test clock may stand still.
      Server.make({ host, port, idleConnectionGrace: 0, ...server }),
      Network,
      numbered.network
    )
    const kept = yield* keepFailures(made, (server) => urlOf(options, server), options.onHandlerFailure)
    const handle = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
      const connection = numbered.numberOf(request.remoteAddress)
      return handler(request, connection, (by, afterBytes) => numbered.cut(connection, by, afterBytes))
    })
    yield* Effect.provideService(
      HttpServer.serveEffect(handle),
      HttpServer.HttpServer,
      kept.server.httpServer
    )
    return {
      url: urlOf(options, kept.server),
      connections: Effect.sync(numbered.count),
      failures: kept.failures
    }
  })
