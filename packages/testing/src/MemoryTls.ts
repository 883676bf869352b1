/**
 * Certificates for the TLS of a memory network: described, not encrypted.
 *
 * They are texts that go where PEM goes (`TlsOptions.cert`, `key`, `ca`) and say in plain words whom they
 * name, who issued them and until when they hold. Handshakes fail as Node's do, with Node's codes; there is
 * no cryptography and no secret, and no other network understands them.
 *
 * @since 0.1.0
 */
import type { Credentials } from "@httpfx/core/Network"
import { authorityText, certificateText, keyText, platformAuthority } from "./network/tls/text.js"

/**
 * Whom a certificate is for, and until when.
 *
 * @since 0.1.0
 * @category models
 */
export interface CertificateOptions {
  /** Names and IP addresses it is valid for; `*.internal` stands for one label. */
  readonly names: string | ReadonlyArray<string>
  /** Milliseconds since the epoch. Default: it was always valid. */
  readonly notBefore?: number | undefined
  /** Milliseconds since the epoch, by the network's clock. Default: it never expires. */
  readonly notAfter?: number | undefined
}

/**
 * Who issues certificates.
 *
 * @since 0.1.0
 * @category models
 */
export interface Authority {
  /** Its name, the issuer of its certificates. */
  readonly name: string
  /** For `TlsOptions.ca` of who is to trust it. */
  readonly ca: string
  /** A new certificate for these names. */
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
 * An authority of one's own. Nobody trusts it but those who have its `ca`.
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
 * A certificate of the authority that everybody trusts who names no `ca`: the platform's, so to speak.
 *
 * @since 0.1.0
 * @category constructors
 */
export const certificate = (options: CertificateOptions): Credentials => issue(options, platformAuthority)

/**
 * A certificate that nobody has issued but itself. As a `ca` it is trusted.
 *
 * @since 0.1.0
 * @category constructors
 */
export const selfSigned = (options: CertificateOptions): Credentials => issue(options, undefined)
