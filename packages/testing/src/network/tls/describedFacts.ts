/** Converts a simulated certificate and a simulated handshake to the facts of a TLS session. */
import type * as Transport from "@httpfx/core/Transport"
import type { PeerCertificate } from "@httpfx/core/Network"
import { altNames, type Certificate, type Objection } from "./text.js"

// Computes a non-cryptographic fingerprint of a certificate. It is as long as a SHA-256 digest.
const digits = (raw: Uint8Array): string => {
  const parts: Array<string> = []
  for (let part = 0; part < 8; part++) {
    let hash = 0x811c9dc5 ^ part
    for (const byte of raw) hash = Math.imul(hash ^ byte, 0x01000193)
    parts.push((hash >>> 0).toString(16).padStart(8, "0"))
  }
  return parts.join("").toUpperCase()
}

const described = (certificate: Certificate): Transport.Certificate => {
  const { issuer, names, notAfter, notBefore } = certificate
  const raw = new TextEncoder().encode(JSON.stringify(certificate))
  const all = digits(raw)
  const subject = { CN: names[0] ?? "" }
  return {
    subject,
    issuer: issuer === null ? subject : { CN: issuer },
    subjectAltName: altNames(names),
    validFrom: notBefore,
    validTo: notAfter,
    serialNumber: all.slice(0, 16),
    fingerprint256: all.match(/../g)!.join(":"),
    raw
  }
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

// Prints a time in OpenSSL's format.
const printed = (time: number): string => {
  const at = new Date(time)
  const clock = at.toISOString().slice(11, 19)
  return `${months[at.getUTCMonth()]} ${String(at.getUTCDate()).padStart(2)} ${clock} ${at.getUTCFullYear()} GMT`
}
const never = Date.UTC(9999, 11, 31, 23, 59, 59)

/**
 * Converts a certificate to the object that `checkServerIdentity` receives. If the validity has no limits,
 * `valid_from` is the epoch and `valid_to` is the end of the year 9999. That end means no expiry (RFC 5280
 * §4.1.2.5).
 */
export const shown = (certificate: Certificate): PeerCertificate => {
  const { fingerprint256, issuer, raw, serialNumber, subject, subjectAltName, validFrom, validTo } =
    described(certificate)
  return {
    subject,
    issuer,
    subjectaltname: subjectAltName,
    fingerprint256,
    serialNumber,
    valid_from: printed(validFrom ?? 0),
    valid_to: printed(validTo ?? never),
    raw
  }
}

/**
 * Creates the facts of a TLS session. `objected` is the reason to distrust the peer's certificate.
 * `undefined` means that the certificate is trusted.
 */
export const describedFacts = (session: {
  readonly alpnProtocol: string | undefined
  readonly serverName: string | undefined
  readonly certificate: Certificate | undefined
  readonly objected: Objection | undefined
}): Transport.TlsFacts => ({
  protocol: "TLSv1.3",
  cipher: undefined,
  alpnProtocol: session.alpnProtocol,
  serverName: session.serverName,
  sessionReused: false,
  authorized: session.certificate !== undefined && session.objected === undefined,
  authorizationError: session.certificate === undefined ? undefined : session.objected?.code,
  peerCertificate: session.certificate === undefined ? undefined : described(session.certificate)
})
