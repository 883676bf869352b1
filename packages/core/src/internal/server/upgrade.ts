/**
 * Hands a server connection over to its handler. Sends 101 for a requested upgrade or 2xx for CONNECT, and
 * returns the connection with the bytes already received.
 *
 * The request must be complete before its connection changes protocol. The automaton decides whether a switch
 * is allowed. The server writes no HTTP after the switch, and closes the connection when the exchange's scope
 * closes.
 */
import * as ServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { Taken } from "../../connection/server/ports.js"
import type { UpgradeError } from "./exchangeApi.js"
import * as HttpError from "../../errors/index.js"
import {
  encodeResponseHead,
  firstValue,
  headersSent,
  upgradeNotAsked,
  type Violation
} from "../../wire/index.js"
import type { ServerExchange } from "./exchange.js"

/** Optional parts of the response that switches protocols. */
export interface SwitchOptions {
  readonly status?: number | undefined
  readonly statusMessage?: string | undefined
  /** Field lines: name, value, name, value, ... */
  readonly headers: ReadonlyArray<string>
}

/**
 * Reads and discards the rest of the request's body. If the client expects `100 Continue`, the first read
 * sends it.
 */
export const restOfBody = (exchange: ServerExchange) =>
  exchange.body === undefined
    ? Effect.void
    : Effect.repeat(exchange.body.read, { while: (slices) => slices !== undefined })

const headOf = (exchange: ServerExchange, options: SwitchOptions): string | Violation => {
  const { connection, head } = exchange
  const connect = head.method === "CONNECT"
  const status = options.status ?? (connect ? 200 : 101)
  // 101 must name the new protocol (RFC 9110 §7.8). The default is the protocol that the client asked for.
  const asked = connect ? undefined : head.get("upgrade")
  const headers =
    asked === undefined || firstValue(options.headers, "upgrade") !== undefined
      ? options.headers
      : [...options.headers, "Upgrade", asked]
  const encoded = encodeResponseHead({
    versionMinor: 1,
    method: head.method,
    status,
    statusMessage:
      options.statusMessage ?? (connect && status === 200 ? "Connection Established" : undefined),
    headers,
    body: 0,
    keepAlive: true,
    date: connect ? connection.server.date() : undefined
  })
  return encoded._tag === "Violation" ? encoded : encoded.head
}

const take = (
  exchange: ServerExchange,
  options: SwitchOptions,
  ownHead: boolean
): Effect.Effect<Taken, UpgradeError> =>
  Effect.suspend(() => {
    const { abortedWith, connection } = exchange
    if (abortedWith !== undefined) return Effect.fail(abortedWith)
    if (exchange.status !== undefined || exchange.aborted) return refuse(headersSent("write"))
    const status = options.status ?? (exchange.head.method === "CONNECT" ? 200 : 101)
    if (!exchange.asksForSwitch || (exchange.head.method === "CONNECT") !== (status !== 101)) {
      return refuse(upgradeNotAsked)
    }
    const head = headOf(exchange, options)
    if (typeof head !== "string") return refuse(head)
    const taken = connection.handOver(exchange, status, ownHead ? undefined : head)
    if ("_tag" in taken) return refuse(taken)
    exchange.answer = ServerResponse.empty({ status })
    return Effect.succeed(taken)
  })

const refuse = (violation: Violation): Effect.Effect<never, UpgradeError> =>
  Effect.fail(HttpError.fromViolation(violation) as UpgradeError)

/**
 * Hands the connection over and passes it to `open`. If `ownHead` is `true`, `open` writes the response head.
 *
 * If the exchange's scope closes with success, pending writes are sent and the connection closes. Otherwise
 * the connection is reset.
 */
export const takeOver = <A>(
  exchange: ServerExchange,
  options: SwitchOptions,
  open: (taken: Taken) => Effect.Effect<A, never, Scope.Scope>,
  ownHead = false
): Effect.Effect<A, UpgradeError> =>
  Effect.suspend(() => {
    if (!exchange.asksForSwitch) return refuse(upgradeNotAsked)
    const taken = Effect.uninterruptible(
      take(exchange, options, ownHead).pipe(
        Effect.flatMap(open),
        // Finalizers run in reverse order. So this finalizer closes the connection before the finalizer of
        // `open` can reset the connection.
        Effect.zipLeft(
          Effect.addFinalizer((exit) => Effect.sync(() => exchange.connection.handBack(Exit.isSuccess(exit))))
        ),
        Scope.extend(exchange.scope)
      )
    )
    return exchange.requestComplete ? taken : Effect.zipRight(restOfBody(exchange), taken)
  })
