/**
 * Certificates for the TLS of a memory network, which simulates handshakes and encrypts nothing.
 *
 * The certificates are texts for the PEM options (`TlsOptions.cert`, `key`, `ca`). Each text states names,
 * issuer and validity. Invalid certificates make handshakes fail as in Node, with Node's codes. The texts
 * contain no keys or secrets, and all other networks reject them.
 *
 * @since 0.1.0
 */
import type { Credentials } from "@httpfx/core/Network"
import { authorityText, certificateText, keyText, platformAuthority } from "./network/tls/text.js"

/**
 * The names and validity of a certificate.
 *
 * @since 0.1.0
 * @category models
 */
export interface CertificateOptions {
  /**
   * Names and IP addresses for which the certificate is valid. The `*` in a name such as `*.internal` matches
   * exactly one label.
   */
  readonly names: string | ReadonlyArray<string>
  /**
   * Start of validity, in milliseconds since the epoch, by the network's clock. Default: the certificate is
   * valid from the beginning of time.
   */
  readonly notBefore?: number | undefined
  /**
   * End of validity, in milliseconds since the epoch, by the network's clock. Default: the certificate never
   * expires.
   */
  readonly notAfter?: number | undefined
}

/**
 * A certificate and its key, as texts.
 *
 * @since 0.1.0
 * @category models
 */
export interface Issued extends Credentials {
  /** The certificate. */
  readonly cert: string
  /** The key that belongs to the certificate. */
  readonly key: string
}

/**
 * A certificate authority of a memory network.
 *
 * @since 0.1.0
 * @category models
 */
export interface Authority {
  /** The name of the authority. Certificates of the authority state this name as their issuer. */
  readonly name: string
  /** The value for `TlsOptions.ca` of a peer that must trust this authority. */
  readonly ca: string
  /** Issues a certificate for these names. */
  readonly certificate: (options: CertificateOptions) => Issued
}

const issue = ({ names, notAfter, notBefore }: CertificateOptions, issuer: string | undefined): Issued => {
  const list = typeof names === "string" ? [names] : [...names]
  const certificate = { names: list, issuer: issuer ?? null, notBefore, notAfter }
  return { cert: certificateText(certificate), key: keyText(certificate) }
}

/**
 * Creates a private authority, which only peers with its `ca` trust.
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
 * Issues a certificate of the authority that peers trust by default, without a `ca`. On a memory network this
 * authority takes the place of the public authorities.
 *
 * @since 0.1.0
 * @category constructors
 */
export const certificate = (options: CertificateOptions): Issued => issue(options, platformAuthority)

/**
 * Creates a self-signed certificate. Only peers whose `ca` is this certificate trust it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const selfSigned = (options: CertificateOptions): Issued => issue(options, undefined)
