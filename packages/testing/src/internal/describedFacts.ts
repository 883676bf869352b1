/**
 * What a described certificate and a described handshake look like as facts of a TLS session.
 */
import type * as Transport from "@httpfx/core/Transport"
import type { Certificate, Objection } from "./tlsText.js"

const address = /^[\d.]+$|:/

// Digits that tell one certificate from another, in the form of a SHA-256; nothing here is secret.
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
    subjectAltName: names.map((name) => `${address.test(name) ? "IP Address" : "DNS"}:${name}`).join(", "),
    validFrom: notBefore,
    validTo: notAfter,
    serialNumber: all.slice(0, 16),
    fingerprint256: all.match(/../g)!.join(":"),
    raw
  }
}

/** `objected`: why the peer's certificate is not trusted, where it was looked at. */
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
