/**
 * Decides whether a connection is reused after an exchange, for both APIs and for clients and servers.
 *
 * A driver collects the objections as bits; a policy says which of them count. Pure functions: never look at
 * a message, never allocate.
 *
 * @since 0.1.0
 */
import { closeFor, pending, reuse, type AfterExchange, type CloseReason } from "./afterExchange.js"

/**
 * Objections to another exchange, one bit each, in order; of several the lowest is the reason. A new one
 * needs one line, named like its `CloseReason`; Node's policies below name those that Node has.
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
   * No field of the response frames its body, and the peer does not support chunks; it need not have a body.
   */
  Unframed: 256
} as const

type Objection = keyof typeof Against

/** Reasons of the objections that are not named like their reason. */
const otherwiseNamed: { readonly [K in Exclude<Objection, CloseReason>]: CloseReason } = {
  Unframed: "UntilClose"
}

const reasonNamed = (name: string): CloseReason =>
  (otherwiseNamed as { readonly [name: string]: CloseReason })[name] ?? (name as CloseReason)

/** By the number of the bit. */
const reasons: ReadonlyArray<CloseReason> = Object.keys(Against).map(reasonNamed)

/**
 * The reason to close the connection after the exchange; `undefined`: there is no objection.
 *
 * @since 0.1.0
 * @category reuse
 */
export const reasonOf = (against: number): CloseReason | undefined =>
  against === 0 ? undefined : reasons[31 - Math.clz32(against & -against)]

/**
 * Whether the rest of a request is read, so that the next request can follow. Not if its client waits for 100
 * (Continue), because then a body may or may not come. Otherwise up to `most` bytes; Node's policy: any
 * number.
 *
 * @since 0.1.0
 * @category reuse
 */
export const isRestRead = (awaitsContinue: boolean, left: number, most: number): boolean =>
  !awaitsContinue && left <= most

/**
 * Decides between reuse, close and waiting, for a connection whose response is complete (`responseOver`) or
 * not. `reason`: the objection to another exchange, if any. An incomplete request after its response closes
 * the connection; with Node's policy `wait`, a client sends it to the end.
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
 * program set one without `close`, the connection persists although the request would close it. A request
 * after the last of `maxRequestsPerSocket` gets 503, so that limit is announced but closes nothing.
 *
 * @since 0.1.0
 * @category reuse
 */
export const nodeCounts = {
  /** Node adds the field. */
  added: Against.UntilClose | Against.ResponseClose | Against.RequestClose | Against.Unframed,
  /** The program set it. */
  own: Against.UntilClose | Against.ResponseClose,
  /** The program removed it: the peer's message decides. */
  removed: Against.UntilClose | Against.RequestClose
} as const

/**
 * Objections that Node announces with `Connection: close`: neither a body framed by the end of the
 * connection, nor a message that the program marked as last without a field.
 *
 * @since 0.1.0
 * @category reuse
 */
export const nodeAnnounces = Against.RequestClose | Against.MaxRequests | Against.Unframed
