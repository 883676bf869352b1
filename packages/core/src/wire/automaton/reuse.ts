/**
 * Whether a connection is used again after an exchange: the one decision of both drivers, of clients and
 * servers.
 *
 * A driver gathers what speaks against it as bits; a policy says which of them count. Values only: never
 * looks at a message, and allocates nothing.
 *
 * @since 0.1.0
 */
import { closeFor, pending, reuse, type AfterExchange, type CloseReason } from "./afterExchange.js"

/**
 * What speaks against another exchange, one bit each; of several the lowest is the reason.
 *
 * @since 0.1.0
 * @category reuse
 */
export const Against = {
  /** The end of the connection is the end of the response's body. */
  UntilClose: 1,
  /** The response's own head says `close`. */
  ResponseClose: 2,
  /** The server is shutting down. */
  Draining: 4,
  /** The request does not let the connection persist, or its client keeps none. */
  RequestClose: 8,
  /** Bytes behind the request are not HTTP, or must not be read. */
  Refused: 16,
  /** The peer has ended its direction, and no further request has come. */
  PeerEof: 32,
  /** The connection has had as many requests as it may have. */
  MaxRequests: 64,
  /** The rest of the request will not be read. */
  RequestUnfinished: 128,
  /** No field of the response frames it, and its peer knows no chunks; it need not have a body. */
  Unframed: 256
} as const

const reasons: ReadonlyArray<CloseReason> = [
  "UntilClose",
  "ResponseClose",
  "Draining",
  "RequestClose",
  "Refused",
  "PeerEof",
  "MaxRequests",
  "RequestUnfinished",
  "UntilClose"
]

/**
 * Why the connection ends after the exchange, as things stand; `undefined`: nothing speaks against another.
 *
 * @since 0.1.0
 * @category reuse
 */
export const reasonOf = (against: number): CloseReason | undefined =>
  against === 0 ? undefined : reasons[31 - Math.clz32(against & -against)]

/**
 * Is the rest of a request read, so that the next one can follow it? Not where its client waits for 100
 * (Continue): nobody can tell whether a body comes. Otherwise up to `most` bytes; Node's policy: any number.
 *
 * @since 0.1.0
 * @category reuse
 */
export const isRestRead = (awaitsContinue: boolean, left: number, most: number): boolean =>
  !awaitsContinue && left <= most

/**
 * What becomes of a connection whose halves are `over` or not. `reason`: why it ends, if something speaks
 * against another exchange. A request that is unfinished behind its response closes the connection; Node's
 * policy, `wait`: a client sends it to its end.
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
 * Node's policies: what counts against reuse, by who wrote the `Connection` field of a message. Where the
 * program wrote one without `close`, it keeps a connection that the request would end. A request behind the
 * last of `maxRequestsPerSocket` gets 503, so the limit is announced but ends nothing.
 *
 * @since 0.1.0
 * @category reuse
 */
export const nodeCounts = {
  /** Node adds the field. */
  added: Against.UntilClose | Against.ResponseClose | Against.RequestClose | Against.Unframed,
  /** The program set it. */
  own: Against.UntilClose | Against.ResponseClose,
  /** The program took it away: what the peer has said decides. */
  removed: Against.UntilClose | Against.RequestClose
} as const

/**
 * What Node announces with `Connection: close`: not that a body ends with the connection, nor that the
 * program has marked a message as the last without a field.
 *
 * @since 0.1.0
 * @category reuse
 */
export const nodeAnnounces = Against.RequestClose | Against.MaxRequests | Against.Unframed
