/**
 * The types of `Network`, and functions over its options.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as HttpError from "../errors/index.js"
import { sniName } from "../pool/name.js"
import type { Timers } from "../seams/timers.js"
import { formatAddress, type Address } from "../model/address.js"
import { type Transport } from "../seams/transport.js"

/**
 * Errors of connecting to one address.
 *
 * @since 0.1.0
 * @category errors
 */
export type ConnectError =
  | HttpError.ConnectionRefused
  | HttpError.ConnectionReset
  | HttpError.ConnectionTimedOut
  | HttpError.Unreachable
  | HttpError.ConnectionFailed

/**
 * Errors of listening.
 *
 * @since 0.1.0
 * @category errors
 */
export type ListenError = HttpError.AddressInUse | HttpError.ListenFailed

/**
 * Options of resolving a name.
 *
 * @since 0.1.0
 * @category models
 */
export interface ResolveOptions {
  /** Restricts the result to addresses of this family. Default: both families, in the resolver's order. */
  readonly family?: 4 | 6 | undefined
  /** Flags for the system's resolver (`dns.ADDRCONFIG`, ...). Other resolvers ignore the flags. Default 0. */
  readonly hints?: number | undefined
}

/**
 * One address of a name.
 *
 * @since 0.1.0
 * @category models
 */
export interface ResolvedAddress {
  /** An IP address in text form. */
  readonly address: string
  /** The family of the address, 4 or 6. */
  readonly family: 4 | 6
}

/**
 * Options of one connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConnectOptions {
  /** Local address. Default: the system chooses. */
  readonly localAddress?: string | undefined
  /** Local port. Default: the system chooses. */
  readonly localPort?: number | undefined
  /** `TCP_NODELAY`. Default `true`. */
  readonly noDelay?: boolean | undefined
}

/**
 * The address to listen on: a port, a path, a descriptor or an open handle.
 *
 * @since 0.1.0
 * @category models
 */
export type ListenOptions =
  | {
      /** The port. With 0 the system chooses a free port, which `Listener.address` then contains. */
      readonly port: number
      /** The local host. Default: all addresses of both families, as in Node's `server.listen`. */
      readonly host?: string | undefined
      /** Whether a listener on host `::` accepts IPv6 only. Default `false`. */
      readonly ipv6Only?: boolean | undefined
      /** Maximum length of the system's accept queue. Default 511. */
      readonly backlog?: number | undefined
      /**
       * Whether the port is shared with other listeners, even in other processes (`SO_REUSEPORT`). The system
       * distributes the connections. On platforms without support (Node.js before 22.12, some systems),
       * listening fails with `ENOTSUP`. Default `false`.
       */
      readonly reusePort?: boolean | undefined
    }
  | {
      /** The path of a Unix domain socket. */
      readonly path: string
      /** Maximum length of the system's accept queue. Default 511. */
      readonly backlog?: number | undefined
      /**
       * Whether an existing socket file is replaced if no process listens on the file, for example after a
       * crash. Default `true`.
       */
      readonly replaceStale?: boolean | undefined
    }
  /** A descriptor that is already listening, as passed by a supervisor. */
  | {
      /** The descriptor's number. */
      readonly fd: number
      /** Maximum length of the system's accept queue. Default 511. */
      readonly backlog?: number | undefined
    }
  /**
   * A listening object of the platform, on Node.js a `net.Server`. Once the network listens with the object,
   * it accepts the object's connections.
   */
  | {
      /** The listening object, on Node.js a `net.Server`. */
      readonly handle: object
    }

/**
 * Formats the options for messages: `host:port`, a path, or `fd 3`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const formatListen = (options: ListenOptions): string => {
  if ("path" in options) return options.path
  if ("fd" in options) return `fd ${options.fd}`
  if ("handle" in options) return "a handle"
  return formatAddress({ _tag: "TcpAddress", hostname: options.host ?? "::", port: options.port })
}

/**
 * A listener on a bound address. Nothing is read from a connection that the listener delivers until
 * `Transport.start` is called.
 *
 * @since 0.1.0
 * @category models
 */
export interface Listener {
  /** The bound address, with the port that the system chose. */
  readonly address: Address
  /** Stops accepting and frees the address. Accepted connections stay open. Idempotent. */
  readonly close: Effect.Effect<void>
  /** Keeps the process alive while the listener is open, which is the default. */
  readonly ref: () => void
  /** Lets the process exit although the listener is open. */
  readonly unref: () => void
}

/**
 * TLS versions, in Node's spelling. The platform may refuse `TLSv1` and `TLSv1.1`.
 *
 * @since 0.1.0
 * @category models
 */
export type TlsVersion = "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3"

/**
 * The certificate of a TLS peer. The platform may add fields.
 *
 * @since 0.1.0
 * @category models
 */
export interface PeerCertificate {
  /** The subject, by X.509 short names: `CN`, `O`, `OU`, ... */
  readonly subject: Readonly<Record<string, string | ReadonlyArray<string>>>
  /** The issuer, by the same short names as `subject`. */
  readonly issuer: Readonly<Record<string, string | ReadonlyArray<string>>>
  /** The alternative names as printed by OpenSSL: `DNS:a.test, IP Address:127.0.0.1`. */
  readonly subjectaltname?: string | undefined
  /** SHA-256 of the certificate, hexadecimal with colons, for example for pinning. */
  readonly fingerprint256: string
  /** The serial number, hexadecimal without separators. */
  readonly serialNumber: string
  /** Start of the validity, as printed by OpenSSL: `Jan  1 00:00:00 2026 GMT`. */
  readonly valid_from: string
  /** End of the validity, as printed by OpenSSL. */
  readonly valid_to: string
  /** The certificate in DER form. */
  readonly raw: Uint8Array
}

/**
 * TLS options as plain data, such as PEM texts and names. A field whose description begins with "Client:" or
 * "Server:" is used only in that role.
 *
 * @since 0.1.0
 * @category models
 */
export interface TlsOptions {
  /** The role in the handshake. */
  readonly role: "client" | "server"
  /**
   * Client: the name that is sent as SNI and that the certificate must contain. The final dot of a fully
   * qualified name (`a.example.`) is not sent.
   */
  readonly serverName?: string | undefined
  /**
   * Client: checks the certificate of a peer whose chain is trusted. The handshake fails if this function
   * returns an error or, for an agent's connection, throws. Default: the certificate must match the name (RFC
   * 9110 §4.3.4).
   */
  readonly checkServerIdentity?:
    ((host: string, certificate: PeerCertificate) => Error | undefined) | undefined
  /** Certificate chain, PEM. Required for a server, unless `certificates` has entries. */
  readonly cert?: string | Uint8Array | undefined
  /** Private key, PEM. */
  readonly key?: string | Uint8Array | undefined
  /** Trusted certificate authorities, PEM. Default: the platform's trusted authorities. */
  readonly ca?: string | Uint8Array | ReadonlyArray<string | Uint8Array> | undefined
  /**
   * Whether the handshake fails if the peer's certificate cannot be verified. On a server, this option has an
   * effect only with `requestCert`. Default `true`.
   */
  readonly rejectUnauthorized?: boolean | undefined
  /** Server: whether a client certificate is requested. Default `false`. */
  readonly requestCert?: boolean | undefined
  /** Passphrase of `key` or `pfx`. */
  readonly passphrase?: string | undefined
  /** Key and certificates in one file, PKCS #12. */
  readonly pfx?: Uint8Array | undefined
  /** Revoked certificates, PEM. */
  readonly crl?: string | Uint8Array | ReadonlyArray<string | Uint8Array> | undefined
  /** Cipher suites in order of preference, by OpenSSL's names. Default: the platform's list. */
  readonly ciphers?: string | undefined
  /** The oldest version allowed. Default: the platform's oldest allowed version. */
  readonly minVersion?: TlsVersion | undefined
  /** The newest version allowed. Default: the platform's newest version. */
  readonly maxVersion?: TlsVersion | undefined
  /** Named curves, or `auto`. Default: the platform's curves. */
  readonly ecdhCurve?: string | undefined
  /** Signature algorithms, by OpenSSL's names. Default: the platform's list. */
  readonly sigalgs?: string | undefined
  /** Server: whether the server's order of `ciphers` takes precedence over the client's. Default `true`. */
  readonly honorCipherOrder?: boolean | undefined
  /** Server: Diffie-Hellman parameters, PEM, or `auto`. Without this option DHE suites are disabled. */
  readonly dhparam?: string | undefined
  /** Bit mask of OpenSSL's `SSL_OP_*` options. */
  readonly secureOptions?: number | undefined
  /** The protocols to offer or accept by ALPN, in order of preference. Default `["http/1.1"]`. */
  readonly alpn?: ReadonlyArray<string> | undefined
  /**
   * Client: a session to resume, from `onSession`. The server ignores a session that it does not know.
   */
  readonly session?: Uint8Array | undefined
  /**
   * Client: called with each resumable session, during the handshake or later. Sessions are secrets. An agent
   * needs no such callback, because the agent caches sessions itself.
   */
  readonly onSession?: ((session: Uint8Array) => void) | undefined
  /**
   * Client: whether a response without length and chunks, which ends with the connection, is complete only if
   * `close_notify` arrived before FIN (RFC 9112 section 9.8). With `false`, FIN alone completes the response.
   * Default `true`.
   */
  readonly requireCloseNotify?: boolean | undefined
  /**
   * Server: a session can be resumed only with the same `sessionIdContext` with which it was created. At most
   * 32 bytes of UTF-8. By default, the context is derived from `ca`, `crl`, `requestCert` and
   * `rejectUnauthorized`.
   */
  readonly sessionIdContext?: string | undefined
  /**
   * Server: 48 secret bytes that encrypt session tickets. Servers with the same keys can resume each other's
   * sessions. Default: random.
   */
  readonly ticketKeys?: Uint8Array | undefined
  /**
   * Server: lifetime of sessions, in whole seconds. Default: the platform's lifetime, which is 2 hours in
   * Node.js.
   */
  readonly sessionTimeout?: Duration.DurationInput | undefined
  /**
   * Server: certificates by requested name (SNI). In `*.example.com` the star matches one label. `cert` and
   * `key` are used for all other names and for clients without SNI.
   */
  readonly certificates?: Readonly<Record<string, Credentials>> | undefined
}

/**
 * A certificate and its key.
 *
 * @since 0.1.0
 * @category models
 */
export interface Credentials {
  /** Certificate chain, PEM. */
  readonly cert: string | Uint8Array
  /** Private key, PEM. */
  readonly key: string | Uint8Array
}

/**
 * The TLS options of a server.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerTls extends Omit<TlsOptions, "role" | "serverName"> {
  /**
   * Maximum time of the handshake, after which the connection is reset. Default 120 seconds (Node's
   * `handshakeTimeout`).
   */
  readonly handshakeTimeout?: Duration.DurationInput | undefined
}

/**
 * Returns the key of the entry in `certificates` for a requested name: the name itself, or a wildcard for its
 * first label. `undefined` if `cert` and `key` must be used.
 *
 * @since 0.1.0
 * @category accessors
 */
export const certificateName = (options: TlsOptions, serverName: string | undefined): string | undefined => {
  const { certificates } = options
  if (certificates === undefined || serverName === undefined) return undefined
  const name = sniName(serverName.toLowerCase())
  const wildcard = `*${name.slice(name.indexOf(".") >>> 0)}`
  return (
    Object.keys(certificates).find((key) => key.toLowerCase() === name) ??
    Object.keys(certificates).find((key) => key.toLowerCase() === wildcard)
  )
}

/**
 * A deadline that limits the closing of a scope, for a server's shutdown or an agent's close.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClosingDeadline {
  /** The clock of the deadline. */
  readonly timers: Timers
  /** The time of expiry, in milliseconds of `timers.now()`. */
  readonly deadline: number
  /** A description of the wait, including its maximum duration. */
  readonly name: string
  /**
   * Describes the work that would be aborted if the deadline expired now. Returns `undefined` if there is no
   * such work.
   */
  readonly loses: () => string | undefined
  /** Expires the deadline now, regardless of its clock, and removes it from the network. */
  readonly expire: () => void
}

/**
 * The operations of a network. The network does not own a connection after it has returned or delivered it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /**
   * Resolves a name to its addresses, with the best address first. An IP address resolves to itself. Never
   * returns an empty list.
   */
  readonly resolve: (
    host: string,
    options?: ResolveOptions
  ) => Effect.Effect<readonly [ResolvedAddress, ...Array<ResolvedAddress>], HttpError.NameNotResolved>
  /**
   * Connects to one address. The caller owns the connection and must end or reset it. Interruption aborts the
   * attempt and leaves no connection open.
   */
  readonly connect: (address: Address, options?: ConnectOptions) => Effect.Effect<Transport, ConnectError>
  /**
   * Listens until the scope closes. `onConnection` must not throw. `onRefused` is called, with the peer's
   * address, for each connection that the network itself reset instead of delivering it (`ProxyProtocol`).
   */
  readonly listen: (
    options: ListenOptions,
    onConnection: (transport: Transport) => void,
    onRefused?: (error: HttpError.ProxyHeaderRefused, remote: Address | undefined) => void
  ) => Effect.Effect<Listener, ListenError, Scope.Scope>
  /**
   * Adds TLS to a connection. The caller must not have started the transport, or must have stopped using it.
   * After this call, the caller must not use the given transport, whatever the result. Failure and
   * interruption reset the connection.
   */
  readonly secure: (
    transport: Transport,
    options: TlsOptions
  ) => Effect.Effect<Transport, HttpError.TlsFailure | HttpError.ConnectionReset | HttpError.HangUp>
  /**
   * Checks before the first connection that certificates and keys can be read and match. A network without
   * this method does not check them in advance.
   */
  readonly checkTls?: (options: TlsOptions) => Effect.Effect<void, HttpError.TlsFailure>
  /**
   * Registers a deadline that limits the closing of a scope. When all work waits for a virtual clock, the
   * network calls `expire` of the earliest deadline. The returned function removes the deadline. `closing` is
   * not called for deadlines on the real clock. If a network lacks this method, a deadline on a virtual clock
   * expires after the same span of real time at the latest.
   */
  readonly closing?: (deadline: ClosingDeadline) => () => void
}

/**
 * The network in the context. Provided by `NodeNetwork.layer` of `@httpfx/node` and `MemoryNetwork.layer` of
 * `@httpfx/testing`.
 *
 * @since 0.1.0
 * @category tags
 */
export class Network extends Context.Tag("@httpfx/core/Network")<Network, Service>() {}
