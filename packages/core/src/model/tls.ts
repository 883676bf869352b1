/**
 * What is known of a TLS session and its peer's certificate.
 */

/**
 * A certificate as data: what an application decides by. Names of a subject or issuer are those of X.509:
 * `CN`, `O`, `OU`, ...
 *
 * @since 0.1.0
 * @category models
 */
export interface Certificate {
  /** Whose it is. */
  readonly subject: Readonly<Record<string, string | ReadonlyArray<string>>>
  /** Who signed it. */
  readonly issuer: Readonly<Record<string, string | ReadonlyArray<string>>>
  /** Names it is valid for, as Node prints them: `DNS:a.example, IP Address:127.0.0.1`. */
  readonly subjectAltName: string | undefined
  /** Milliseconds since the epoch; `undefined`: without limit. */
  readonly validFrom: number | undefined
  /** Milliseconds since the epoch; `undefined`: without limit. */
  readonly validTo: number | undefined
  /** Hexadecimal, without separators. */
  readonly serialNumber: string
  /** SHA-256 of `raw`: pairs of hexadecimal digits with colons between them. */
  readonly fingerprint256: string
  /** The certificate itself, DER. */
  readonly raw: Uint8Array
}

/**
 * What is known of the TLS session of a connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface TlsFacts {
  /** `TLSv1.3`, `TLSv1.2`. */
  readonly protocol: string | undefined
  /** OpenSSL's name of the cipher suite. */
  readonly cipher: string | undefined
  /** What ALPN agreed on: `http/1.1`. */
  readonly alpnProtocol: string | undefined
  /** The name that the client asked for (SNI). */
  readonly serverName: string | undefined
  /** The session was taken up again instead of made anew. */
  readonly sessionReused: boolean
  /** The peer's certificate was verified. `false` without one. */
  readonly authorized: boolean
  /** Why not, as a code: `DEPTH_ZERO_SELF_SIGNED_CERT`. */
  readonly authorizationError: string | undefined
  /** `undefined`: the peer sent none. */
  readonly peerCertificate: Certificate | undefined
}
