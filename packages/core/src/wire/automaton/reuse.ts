/**
 * Decides whether a connection is reused after an exchange. Both APIs use these rules, for clients and for
 * servers.
 *
 * A driver collects objections to reuse as bits, and a policy determines which objections count. The
 * functions are pure, never read a message, and never allocate memory.
 *
 * @since 0.1.0
 */
import { closeFor, pending, reuse, type AfterExchange, type CloseReason } from "./afterExchange.js"

/**
 * Objections to another exchange on the connection, one bit each. If several objections apply, the objection
 * with the lowest bit is the reason. Each objection has the name of its `CloseReason`, or an entry in
 * `otherwiseNamed`. `nodeCounts` and `nodeAnnounces` contain the objections that Node has too.
 *
 * @since 0.1.0
 * @category reuse
 */
export const Against = {
  /** The response body is framed by the end of the connection. */
  UntilClose: 1,
  /** The response head has `Connection: close`. */
  ResponseClose: 2,
  /** The server is shutting down. */
  Draining: 4,
  /** The request does not permit persistence, or the client that sends the request keeps no connections. */
  RequestClose: 8,
  /** The bytes after the request are not HTTP, or must not be read. */
  Refused: 16,
  /** The peer sent FIN, and no further request has arrived. */
  PeerEof: 32,
  /** The connection has reached its maximum number of requests. */
  MaxRequests: 64,
  /** The rest of the request will not be read. */
  RequestUnfinished: 128,
  /**
   * No field of the message frames its body, and the peer does not support chunks. The objection also applies
   * to a message without a body.
   */
  Unframed: 256
} as const

type Objection = keyof typeof Against

/** The close reasons of the objections whose name is not a `CloseReason`. */
const otherwiseNamed: { readonly [K in Exclude<Objection, CloseReason>]: CloseReason } = {
  Unframed: "UntilClose"
}

const reasonNamed = (name: string): CloseReason =>
  (otherwiseNamed as { readonly [name: string]: CloseReason })[name] ?? (name as CloseReason)

/** The close reason of each objection, in the order of the objections' bits. */
const reasons: ReadonlyArray<CloseReason> = Object.keys(Against).map(reasonNamed)

/**
 * Returns the reason to close the connection after the exchange. Returns `undefined` if there is no
 * objection.
 *
 * @since 0.1.0
 * @category reuse
 */
export const reasonOf = (against: number): CloseReason | undefined =>
  against === 0 ? undefined : reasons[31 - Math.clz32(against & -against)]

/**
 * Returns whether a server reads the rest of a request body, so that the next request can follow. A rest of
 * more than `most` bytes is not read; Node's policy sets no maximum. If the client waits for 100 (Continue),
 * the rest is not read either, because the body may never arrive.
 *
 * @since 0.1.0
 * @category reuse
 */
export const isRestRead = (awaitsContinue: boolean, left: number, most: number): boolean =>
  !awaitsContinue && left <= most

/**
 * Decides whether a connection is reused, closed or left as it is. `reason` is the objection to another
 * exchange, if any. `responseOver` and `requestOver` tell whether the two messages are complete.
 *
 * `unfinished` applies if the response is complete before the request. With `close` the connection closes.
 * With `wait`, which is Node's policy, a client first sends the rest of the request.
 *
 * @since 0.1.0
 * @category reuse
 */
export const afterExchange = (
  reason: CloseReason | undefined,
  responseOver: boolean,
  requestOver: boolean,
  unfinished: "close" | "wait"
): AfterExchange => {
  if (!responseOver) return pending
  if (reason !== undefined) return closeFor(reason)
  if (requestOver) return reuse
  return unfinished === "wait" ? pending : closeFor("RequestUnfinished")
}

/**
 * The objections that count under Node's policies. The set depends on the origin of the `Connection` field in
 * the outgoing message. If the program has set a `Connection` field without `close`, the connection persists
 * even if the request asks to close the connection. `MaxRequests` is announced, but closes no connection,
 * because Node answers a request beyond the limit with 503.
 *
 * @since 0.1.0
 * @category reuse
 */
export const nodeCounts = {
  /** The objections that count if Node adds the `Connection` field. */
  added: Against.UntilClose | Against.ResponseClose | Against.RequestClose | Against.Unframed,
  /** The objections that count if the program has set the `Connection` field. */
  own: Against.UntilClose | Against.ResponseClose,
  /**
   * The objections that count if the program has removed the `Connection` field. Without the field, the
   * peer's message decides.
   */
  removed: Against.UntilClose | Against.RequestClose
} as const

/**
 * The objections that Node announces with `Connection: close`. Node does not announce `UntilClose`. If a
 * program marks a message as the last without setting a field, Node does not announce this `ResponseClose`
 * either.
 *
 * @since 0.1.0
 * @category reuse
 */
export const nodeAnnounces = Against.RequestClose | Against.MaxRequests | Against.Unframed
