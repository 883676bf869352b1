/**
 * The events and state of a server-side `TLSSocket` without a `tls.Server`: handshake result, unreadable
 * records, and OpenSSL's verdict on the client certificate. `tls.Server` uses the same.
 */
import type { TLSSocket } from "node:tls"

/** The event of a completed handshake. */
export const secured = "secure"

/** The event of a failed handshake, unreadable records, or a client that renegotiates too often. */
export const failed = "_tlsError"

interface WithSession {
  readonly ssl?: { readonly verifyError?: () => unknown } | null
}

/** As `authorizationError` of a client socket. `undefined`: verified or unknown. */
export const verifyErrorOf = (socket: TLSSocket): unknown =>
  (socket as unknown as WithSession).ssl?.verifyError?.()
