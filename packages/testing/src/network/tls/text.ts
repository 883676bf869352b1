/**
 * Encodes simulated certificates, keys and authorities as PEM texts (RFC 7468), and checks whether a
 * certificate must be accepted.
 */

export interface Certificate {
  readonly names: ReadonlyArray<string>
  /** The name of the authority. `null` for a self-signed certificate. */
  readonly issuer: string | null
  readonly notBefore?: number | undefined
  readonly notAfter?: number | undefined
}

export const platformAuthority = "Memory Network Platform Authority"

type Label = "MEMORY CERTIFICATE" | "MEMORY KEY" | "MEMORY AUTHORITY"

const framed = (label: Label, content: string) =>
  `-----BEGIN ${label}-----\n${content}\n-----END ${label}-----\n`

const blocks = (label: Label, text: string): Array<string> =>
  Array.from(
    text.matchAll(new RegExp(`-----BEGIN ${label}-----\\r?\\n(.*)\\r?\\n-----END ${label}-----`, "g")),
    (match) => match[1]!
  )

export const certificateText = (certificate: Certificate) =>
  framed("MEMORY CERTIFICATE", JSON.stringify(certificate))

export const keyText = (certificate: Certificate) => framed("MEMORY KEY", JSON.stringify(certificate))

export const authorityText = (name: string) => framed("MEMORY AUTHORITY", JSON.stringify(name))

/** The reason why a certificate or handshake is rejected, with the code and the message of Node. */
export interface Objection {
  readonly code: string
  readonly reason: string
}

/** A text, or its bytes, as options of TLS may be. */
export type Pem = string | Uint8Array

const textOf = (pem: Pem): string => (typeof pem === "string" ? pem : new TextDecoder().decode(pem))

/** Reads the certificate of this end, and checks that the key belongs to the certificate. */
export const readOwn = (cert: Pem, key: Pem | undefined): Certificate | Objection => {
  const [own] = blocks("MEMORY CERTIFICATE", textOf(cert))
  if (own === undefined) {
    return { code: "ERR_OSSL_PEM_NO_START_LINE", reason: "not a certificate made by `MemoryTls`" }
  }
  // The text of a key contains the certificate to which the key belongs.
  if (key === undefined || blocks("MEMORY KEY", textOf(key))[0] !== own) {
    return { code: "ERR_OSSL_X509_KEY_VALUES_MISMATCH", reason: "key values mismatch" }
  }
  return JSON.parse(own) as Certificate
}

const covers = (name: string, host: string): boolean => {
  const [wanted, actual] = [name.toLowerCase(), host.toLowerCase()]
  if (!wanted.startsWith("*.")) return wanted === actual
  // The wildcard matches exactly one label (RFC 6125 §6.4.3).
  const dot = actual.indexOf(".")
  return dot > 0 && actual.slice(dot) === wanted.slice(1)
}

const address = /^[\d.]+$|:/

const chain = (certificate: Certificate, ca: Pem | ReadonlyArray<Pem> | undefined): Objection | undefined => {
  const text =
    ca === undefined
      ? authorityText(platformAuthority)
      : typeof ca === "string" || ca instanceof Uint8Array
        ? textOf(ca)
        : ca.map(textOf).join("\n")
  const { issuer } = certificate
  if (issuer === null) {
    if (blocks("MEMORY CERTIFICATE", text).includes(JSON.stringify(certificate))) return undefined
    return { code: "DEPTH_ZERO_SELF_SIGNED_CERT", reason: "self-signed certificate" }
  }
  if (blocks("MEMORY AUTHORITY", text).includes(JSON.stringify(issuer))) return undefined
  return { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE", reason: "unable to verify the first certificate" }
}

/**
 * Returns the reason to distrust the certificate; its names are not checked here. As in Node, the issuer is
 * checked first, then the validity.
 */
export const distrust = (
  certificate: Certificate,
  ca: Pem | ReadonlyArray<Pem> | undefined,
  now: number
): Objection | undefined => {
  const untrusted = chain(certificate, ca)
  if (untrusted !== undefined) return untrusted
  const { notAfter = Infinity, notBefore = -Infinity } = certificate
  if (now < notBefore) return { code: "CERT_NOT_YET_VALID", reason: "certificate is not yet valid" }
  if (now > notAfter) return { code: "CERT_HAS_EXPIRED", reason: "certificate has expired" }
  return undefined
}

/** Prints the names in OpenSSL's format. */
export const altNames = (names: ReadonlyArray<string>): string =>
  names.map((name) => `${address.test(name) ? "IP Address" : "DNS"}:${name}`).join(", ")

/**
 * Returns the reason why the certificate does not match this host. Returns `undefined` if the certificate
 * matches.
 */
export const misnamed = ({ names }: Certificate, host: string | undefined): Objection | undefined => {
  if (host === undefined || names.some((name) => covers(name, host))) return undefined
  const why = address.test(host)
    ? `IP: ${host} is not in the cert's list: ${altNames(names)}`
    : `Host: ${host}. is not in the cert's altnames: ${altNames(names)}`
  return {
    code: "ERR_TLS_CERT_ALTNAME_INVALID",
    reason: `Hostname/IP does not match certificate's altnames: ${why}`
  }
}
