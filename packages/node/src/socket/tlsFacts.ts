/**
 * Reads Node's state of a TLS session, and returns the state as core's `TlsFacts`. Never changes the session.
 */
import type * as tls from "node:tls"
import type { Certificate, TlsFacts } from "@httpfx/core/Transport"
import { serverNameOf } from "./fast/serverName.js"
import { verifyErrorOf } from "./fast/serverTls.js"

const names = (name: tls.Certificate): Certificate["subject"] => ({ ...name }) as Certificate["subject"]

const time = (text: string): number | undefined => {
  const millis = Date.parse(text)
  return Number.isNaN(millis) ? undefined : millis
}

/** Converts a certificate of `getPeerCertificate`. */
export const certificateOf = (found: tls.PeerCertificate | undefined): Certificate | undefined => {
  // Node returns an object without `raw` if the peer sent no certificate.
  if (found?.raw === undefined) return undefined
  return {
    subject: names(found.subject),
    issuer: names(found.issuer),
    subjectAltName: found.subjectaltname,
    validFrom: time(found.valid_from),
    validTo: time(found.valid_to),
    serialNumber: found.serialNumber,
    fingerprint256: found.fingerprint256,
    raw: found.raw
  }
}

const codeOf = (error: unknown): string | undefined => {
  if (error === null || error === undefined || error === "") return undefined
  return error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error)
}

/**
 * Returns the reason why OpenSSL does not trust the peer's certificate. Node sets `authorized` only on client
 * sockets and on sockets of a `tls.Server`. On other sockets, the reason comes from the TLS session.
 */
export const distrust = (socket: tls.TLSSocket): unknown => {
  if (socket.authorized) return undefined
  return socket.authorizationError ?? verifyErrorOf(socket)
}

/**
 * Returns the facts of a TLS session. Call this function while the connection is open, because Node releases
 * the certificate when the connection closes.
 */
export const tlsFacts = (socket: tls.TLSSocket): TlsFacts => {
  const peerCertificate = certificateOf(socket.getPeerCertificate())
  const error = codeOf(distrust(socket))
  return {
    protocol: socket.getProtocol() ?? undefined,
    cipher: (socket.getCipher() as tls.CipherNameAndProtocol | undefined)?.name,
    alpnProtocol: typeof socket.alpnProtocol === "string" ? socket.alpnProtocol : undefined,
    serverName: serverNameOf(socket),
    sessionReused: socket.isSessionReused(),
    authorized: peerCertificate !== undefined && error === undefined,
    authorizationError: peerCertificate === undefined ? undefined : error,
    peerCertificate
  }
}
