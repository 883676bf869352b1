/**
 * The internal events and state of a server-side `TLSSocket`, for use without a `tls.Server`. They tell the
 * result of the handshake, invalid records, and the result of verifying the client certificate. `tls.Server`
 * uses the same internals.
 */
import type { TLSSocket } from "node:tls"

/** The event that a `TLSSocket` emits when the handshake has completed. */
export const secured = "secure"

/**
 * The event that a `TLSSocket` emits after a failed handshake, invalid records, or too many renegotiations by
 * the client.
 */
export const failed = "_tlsError"

interface WithSession {
  readonly ssl?: { readonly verifyError?: () => unknown } | null
}

/**
 * Returns the error of verifying the client's certificate. (On client sockets, the public property
 * `authorizationError` is this error.) Returns `undefined` if the certificate was verified or the result is
 * unknown.
 */
export const verifyErrorOf = (socket: TLSSocket): unknown =>
  (socket as unknown as WithSession).ssl?.verifyError?.() || undefined // Some runtimes return "".
