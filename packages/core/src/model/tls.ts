/**
 * Facts about a TLS session and its peer's certificate.
 */

/**
 * A certificate as data, for an application's decisions. Names of a subject or issuer are those of X.509:
 * `CN`, `O`, `OU`, ...
 *
 * @since 0.1.0
 * @category models
 */
export interface Certificate {
  /** The owner. */
  readonly subject: Readonly<Record<string, string | ReadonlyArray<string>>>
  /** The signer. */
  readonly issuer: Readonly<Record<string, string | ReadonlyArray<string>>>
  /** Names it is valid for, as Node prints them: `DNS:a.example, IP Address:127.0.0.1`. */
  readonly subjectAltName: string | undefined
  /** Milliseconds since the epoch; `undefined`: no limit. */
  readonly validFrom: number | undefined
  /** Milliseconds since the epoch; `undefined`: no limit. */
  readonly validTo: number | undefined
  /** Hexadecimal, without separators. */
  readonly serialNumber: string
  /** SHA-256 of `raw`: pairs of hexadecimal digits with colons between them. */
  readonly fingerprint256: string
  /** The certificate itself, DER. */
  readonly raw: Uint8Array
}

/**
 * Facts about the TLS session of a connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface TlsFacts {
  /** `TLSv1.3`, `TLSv1.2`. */
  readonly protocol: string | undefined
  /** OpenSSL's name of the cipher suite. */
  readonly cipher: string | undefined
  /** The protocol chosen by ALPN: `http/1.1`. */
  readonly alpnProtocol: string | undefined
  /** The server name that the client sent (SNI). */
  readonly serverName: string | undefined
  /** The session was resumed. */
  readonly sessionReused: boolean
  /** The peer's certificate was verified; `false` without a certificate. */
  readonly authorized: boolean
  /** Code of the reason why not: `DEPTH_ZERO_SELF_SIGNED_CERT`. */
  readonly authorizationError: string | undefined
  /** `undefined`: the peer sent no certificate. */
  readonly peerCertificate: Certificate | undefined
}
