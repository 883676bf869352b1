/**
 * Facts about a TLS session and its peer's certificate.
 */

/**
 * A certificate as plain data, on which an app can base decisions. The keys of a subject or issuer are X.509
 * short names, such as `CN`, `O` and `OU`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Certificate {
  /** The names of the certificate's owner. */
  readonly subject: Readonly<Record<string, string | ReadonlyArray<string>>>
  /** The names of the authority that signed the certificate. */
  readonly issuer: Readonly<Record<string, string | ReadonlyArray<string>>>
  /**
   * The names that the certificate covers, in Node's format, such as `DNS:a.example, IP Address:127.0.0.1`.
   */
  readonly subjectAltName: string | undefined
  /** Start of the validity, in milliseconds since the epoch; `undefined` if there is no limit. */
  readonly validFrom: number | undefined
  /** End of the validity, in milliseconds since the epoch; `undefined` if there is no limit. */
  readonly validTo: number | undefined
  /** The serial number, hexadecimal without separators. */
  readonly serialNumber: string
  /** SHA-256 of `raw`, as pairs of hexadecimal digits with colons between them. */
  readonly fingerprint256: string
  /** The certificate itself, in DER encoding. */
  readonly raw: Uint8Array
}

/**
 * Facts about the TLS session of a connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface TlsFacts {
  /** The TLS version: `TLSv1.3`, `TLSv1.2`, ... */
  readonly protocol: string | undefined
  /** OpenSSL's name of the cipher suite. */
  readonly cipher: string | undefined
  /** The protocol chosen by ALPN, such as `http/1.1`. */
  readonly alpnProtocol: string | undefined
  /** The server name that the client sent (SNI). */
  readonly serverName: string | undefined
  /** Whether the session was resumed. */
  readonly sessionReused: boolean
  /** Whether the peer's certificate was verified successfully; `false` if the peer sent no certificate. */
  readonly authorized: boolean
  /** Code of the verification error, such as `DEPTH_ZERO_SELF_SIGNED_CERT`. */
  readonly authorizationError: string | undefined
  /** The peer's certificate; `undefined` if the peer sent none. */
  readonly peerCertificate: Certificate | undefined
}
