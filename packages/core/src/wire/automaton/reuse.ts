/**
 * Decides whether a connection is reused after an exchange, for both APIs and for clients and servers.
 *
 * A driver collects objections as bits; a policy determines which objections count. Pure functions: never
 * read a message, never allocate.
 *
 * @since 0.1.0
 */
import { closeFor, pending, reuse, type AfterExchange, type CloseReason } from "./afterExchange.js"

/**
 * Objections to another exchange, one bit each. If several apply, the lowest bit is the reason. A new
 * objection needs one line here and is named like its `CloseReason`; Node's policies below list the
 * objections that Node has.
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
  /** The request does not permit persistence, or its client keeps no connections. */
  RequestClose: 8,
  /** Bytes after the request are not HTTP, or must not be read. */
  Refused: 16,
  /** The peer sent FIN, and no further request has arrived. */
  PeerEof: 32,
  /** The connection has reached its maximum number of requests. */
  MaxRequests: 64,
  /** The rest of the request will not be read. */
  RequestUnfinished: 128,
  /**
   * No field of the response frames its body, and the peer does not support chunks. This also applies to a
   * response without a body.
   */
  Unframed: 256
} as const

type Objection = keyof typeof Against

/** Reasons of the objections whose names differ from the names of their reasons. */
const otherwiseNamed: { readonly [K in Exclude<Objection, CloseReason>]: CloseReason } = {
  Unframed: "UntilClose"
}

const reasonNamed = (name: string): CloseReason =>
  (otherwiseNamed as { readonly [name: string]: CloseReason })[name] ?? (name as CloseReason)

/** Reasons, indexed by the number of the bit. */
const reasons: ReadonlyArray<CloseReason> = Object.keys(Against).map(reasonNamed)

/**
 * Returns the reason to close the connection after the exchange; `undefined`: there is no objection.
 *
 * @since 0.1.0
 * @category reuse
 */
export const reasonOf = (against: number): CloseReason | undefined =>
  against === 0 ? undefined : reasons[31 - Math.clz32(against & -against)]

/**
 * Returns `true` if the rest of a request is read, so that the next request can follow. Returns `false` if
 * the client waits for 100 (Continue), because its body may or may not arrive. Otherwise up to `most` bytes
 * are read; Node's policy reads any number.
 *
 * @since 0.1.0
 * @category reuse
 */
export const isRestRead = (awaitsContinue: boolean, left: number, most: number): boolean =>
  !awaitsContinue && left <= most

/**
 * Decides between reuse, close and waiting. `reason`: the objection to another exchange, if any.
 * `responseOver`: the response is complete. If the request is still incomplete at that time, the connection
 * closes; with Node's policy `wait`, a client first sends the rest of the request.
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
 * Node's policies: the objections that count, by the origin of the message's `Connection` field. If the
 * program has set a `Connection` field without `close`, the connection persists even if the request asks to
 * close it. `maxRequestsPerSocket` is announced but closes no connection, because a request beyond the limit
 * gets 503.
 *
 * @since 0.1.0
 * @category reuse
 */
export const nodeCounts = {
  /** Node adds the field. */
  added: Against.UntilClose | Against.ResponseClose | Against.RequestClose | Against.Unframed,
  /** The program set the field. */
  own: Against.UntilClose | Against.ResponseClose,
  /** The program removed the field, so the peer's message decides. */
  removed: Against.UntilClose | Against.RequestClose
} as const

/**
 * Objections that Node announces with `Connection: close`. Node announces neither a body framed by the end of
 * the connection nor a message that the program marked as the last without setting a field.
 *
 * @since 0.1.0
 * @category reuse
 */
export const nodeAnnounces = Against.RequestClose | Against.MaxRequests | Against.Unframed
