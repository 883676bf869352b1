/**
 * Certificates for the TLS of a memory network: described, not encrypted.
 *
 * They are texts in the place of PEM (`TlsOptions.cert`, `key`, `ca`) that state their names, issuer and
 * validity. Handshakes fail as Node's do, with Node's codes. There is no cryptography and no secret, and no
 * other network accepts them.
 *
 * @since 0.1.0
 */
import type { Credentials } from "@httpfx/core/Network"
import { authorityText, certificateText, keyText, platformAuthority } from "./network/tls/text.js"

/**
 * The subject and validity of a certificate.
 *
 * @since 0.1.0
 * @category models
 */
export interface CertificateOptions {
  /** Names and IP addresses it is valid for; `*.internal` stands for one label. */
  readonly names: string | ReadonlyArray<string>
  /** Milliseconds since the epoch. Default: no lower bound. */
  readonly notBefore?: number | undefined
  /** Milliseconds since the epoch, by the network's clock. Default: it never expires. */
  readonly notAfter?: number | undefined
}

/**
 * A certificate authority.
 *
 * @since 0.1.0
 * @category models
 */
export interface Authority {
  /** The name of the authority, issuer of its certificates. */
  readonly name: string
  /** For `TlsOptions.ca` of a peer that is to trust it. */
  readonly ca: string
  /** Issues a certificate for these names. */
  readonly certificate: (options: CertificateOptions) => Credentials
}

const issue = (
  { names, notAfter, notBefore }: CertificateOptions,
  issuer: string | undefined
): Credentials => {
  const list = typeof names === "string" ? [names] : [...names]
  const certificate = { names: list, issuer: issuer ?? null, notBefore, notAfter }
  return { cert: certificateText(certificate), key: keyText(certificate) }
}

/**
 * A private authority, trusted only by peers that have its `ca`.
 *
 * @example
 * import { MemoryTls } from "@httpfx/testing"
 *
 * const internal = MemoryTls.authority("Internal CA")
 * const server = { role: "server", ...internal.certificate({ names: "api.internal" }) } as const
 * const client = { role: "client", serverName: "api.internal", ca: internal.ca } as const
 *
 * @since 0.1.0
 * @category constructors
 */
export const authority = (name: string): Authority => ({
  name,
  ca: authorityText(name),
  certificate: (options) => issue(options, name)
})

/**
 * A certificate of the authority that is trusted by default, without a `ca`: the stand-in for the public
 * ones.
 *
 * @since 0.1.0
 * @category constructors
 */
export const certificate = (options: CertificateOptions): Credentials => issue(options, platformAuthority)

/**
 * A self-signed certificate. Trusted if passed as a `ca`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const selfSigned = (options: CertificateOptions): Credentials => issue(options, undefined)
