/**
 * The types of `Network`, and functions that need only these.
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
  /** Only addresses of this family. Default: both, in the resolver's order. */
  readonly family?: 4 | 6 | undefined
  /**
   * Flags for the system's resolver (`dns.ADDRCONFIG`, ...); ignored by other resolvers. Default 0.
   */
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
  /** 4 or 6. */
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
 * Where to listen: a port, a path, a descriptor or an open handle.
 *
 * @since 0.1.0
 * @category models
 */
export type ListenOptions =
  | {
      /** 0: any free port; the listener's address has the port chosen. */
      readonly port: number
      /** Default: all addresses of both families, as Node's `server.listen`. */
      readonly host?: string | undefined
      /** With host `::`: listen on IPv6 only. Default `false`. */
      readonly ipv6Only?: boolean | undefined
      /** Maximum length of the system's accept queue. Default 511. */
      readonly backlog?: number | undefined
      /**
       * Several listeners, even in other processes, share the port, and the system distributes connections
       * (`SO_REUSEPORT`). If unsupported (Node.js before 22.12, some systems), listening fails with
       * `ENOTSUP`. Default `false`.
       */
      readonly reusePort?: boolean | undefined
    }
  | {
      /** A Unix domain socket. */
      readonly path: string
      /** Maximum length of the system's accept queue. Default 511. */
      readonly backlog?: number | undefined
      /** Replace a socket file that nobody listens on, as after a crash. Default `true`. */
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
   * A listening object of the platform: on Node.js a `net.Server`, whose connections this listener gets from
   * now on.
   */
  | {
      /** On Node.js a `net.Server`. */
      readonly handle: object
    }

/**
 * Text for messages: `host:port`, a path, `fd 3`.
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
 * A bound address. Delivers connections as they arrive, not started: nothing is read from them before
 * `Transport.start`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Listener {
  /** The bound address, with the port that the system chose. */
  readonly address: Address
  /** Stops accepting and frees the address; accepted connections stay open. Idempotent. */
  readonly close: Effect.Effect<void>
  /** Keeps the process alive while listening (the default). */
  readonly ref: () => void
  /** Lets the process exit while listening. */
  readonly unref: () => void
}

/**
 * TLS versions, in Node's spelling. The platform may refuse the older two.
 *
 * @since 0.1.0
 * @category models
 */
export type TlsVersion = "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3"

/**
 * The certificate of a TLS peer; the platform may add fields.
 *
 * @since 0.1.0
 * @category models
 */
export interface PeerCertificate {
  /** The subject, by X.509 short names: `CN`, `O`, `OU`, ... */
  readonly subject: Readonly<Record<string, string | ReadonlyArray<string>>>
  /** The issuer, by the same names. */
  readonly issuer: Readonly<Record<string, string | ReadonlyArray<string>>>
  /** As printed by OpenSSL: `DNS:a.test, IP Address:127.0.0.1`. */
  readonly subjectaltname?: string | undefined
  /** SHA-256 of the certificate, hexadecimal with colons: for pinning. */
  readonly fingerprint256: string
  /** Hexadecimal, without separators. */
  readonly serialNumber: string
  /** As printed by OpenSSL: `Jan  1 00:00:00 2026 GMT`. */
  readonly valid_from: string
  /** As printed by OpenSSL. */
  readonly valid_to: string
  /** The certificate, DER. */
  readonly raw: Uint8Array
}

/**
 * TLS as data: PEM texts and names. Each role reads its own fields.
 *
 * @since 0.1.0
 * @category models
 */
export interface TlsOptions {
  /** The role in the handshake. */
  readonly role: "client" | "server"
  /**
   * Client: the name to request (SNI) and to verify in the certificate. The final dot of a fully qualified
   * name (`a.example.`) is not sent.
   */
  readonly serverName?: string | undefined
  /**
   * Client: checks the certificate of a peer whose chain is trusted; an error, returned or (for an agent's
   * connection) thrown, refuses it. Default: the certificate must match the name (RFC 9110 §4.3.4).
   */
  readonly checkServerIdentity?:
    ((host: string, certificate: PeerCertificate) => Error | undefined) | undefined
  /** Certificate chain, PEM. A server needs one. */
  readonly cert?: string | undefined
  /** Private key, PEM. */
  readonly key?: string | undefined
  /** Trusted authorities, PEM. Default: the platform's. */
  readonly ca?: string | ReadonlyArray<string> | undefined
  /**
   * Refuse a peer whose certificate cannot be verified; on a server, only with `requestCert`. Default `true`.
   */
  readonly rejectUnauthorized?: boolean | undefined
  /** Server: request a client certificate. Default `false`. */
  readonly requestCert?: boolean | undefined
  /** Passphrase of `key` or `pfx`. */
  readonly passphrase?: string | undefined
  /** Key and certificates in one file, PKCS #12. */
  readonly pfx?: Uint8Array | undefined
  /** Revoked certificates, PEM. */
  readonly crl?: string | ReadonlyArray<string> | undefined
  /** Cipher suites in order of preference, by OpenSSL's names. Default: the platform's. */
  readonly ciphers?: string | undefined
  /** The oldest version allowed. Default: the platform's. */
  readonly minVersion?: TlsVersion | undefined
  /** The newest version allowed. Default: the platform's. */
  readonly maxVersion?: TlsVersion | undefined
  /** Named curves, or `auto`. Default: the platform's. */
  readonly ecdhCurve?: string | undefined
  /** Signature algorithms, by OpenSSL's names. Default: the platform's. */
  readonly sigalgs?: string | undefined
  /** Server: prefer its own order of `ciphers` over the client's. Default `true`. */
  readonly honorCipherOrder?: boolean | undefined
  /** Server: Diffie-Hellman parameters, PEM, or `auto`. Default: none, which disables DHE suites. */
  readonly dhparam?: string | undefined
  /** `SSL_OP_*` of OpenSSL. */
  readonly secureOptions?: number | undefined
  /** Protocols offered, in order of preference. Default `["http/1.1"]`. */
  readonly alpn?: ReadonlyArray<string> | undefined
  /**
   * Client: a session to resume, from `onSession`. The server ignores a session that it does not know.
   */
  readonly session?: Uint8Array | undefined
  /**
   * Client: called with each resumable session, during the handshake or later. Sessions are secrets. An agent
   * caches sessions itself.
   */
  readonly onSession?: ((session: Uint8Array) => void) | undefined
  /**
   * Client: a response that ends with the connection (no length, no chunks) is complete only if
   * `close_notify` came before FIN (RFC 9112 section 9.8). `false`: FIN is enough. Default `true`.
   */
  readonly requireCloseNotify?: boolean | undefined
  /**
   * Server: sessions resume only under the context in which they were created; at most 32 bytes of UTF-8.
   * Default: derived from `ca`, `crl`, `requestCert` and `rejectUnauthorized`.
   */
  readonly sessionIdContext?: string | undefined
  /**
   * Server: 48 secret bytes that encrypt session tickets; servers with the same keys resume each other's
   * sessions. Default: random.
   */
  readonly ticketKeys?: Uint8Array | undefined
  /**
   * Server: lifetime of sessions, in whole seconds. Default: the platform's, 2 hours in Node.js.
   */
  readonly sessionTimeout?: Duration.DurationInput | undefined
  /**
   * Server: certificates by requested name (SNI); `*.example.com` matches one label. `cert` and `key` serve
   * all other names, and clients without SNI.
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
  readonly cert: string
  /** Private key, PEM. */
  readonly key: string
}

/**
 * The TLS options of a server.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerTls extends Omit<TlsOptions, "role" | "serverName"> {
  /**
   * Time limit of the handshake, after which the connection is reset. Default 120 seconds (Node's
   * `handshakeTimeout`).
   */
  readonly handshakeTimeout?: Duration.DurationInput | undefined
}

/**
 * The key of `certificates` that serves a requested name: the name itself, or a wildcard for its first label.
 * `undefined`: `cert` and `key` serve it.
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
 * A deadline that bounds the closing of a scope: a server's shutdown, an agent's close.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClosingDeadline {
  /** The clock that it follows. */
  readonly timers: Timers
  /** Milliseconds of `timers.now()`. */
  readonly deadline: number
  /** Description of the wait and its length. */
  readonly name: string
  /** Description of the work that expiring now would cut off; `undefined`: none. */
  readonly loses: () => string | undefined
  /** Expires the deadline now, whatever the clock says, and removes it from the network. */
  readonly expire: () => void
}

/**
 * The operations of a network. It owns no connection after handing it over.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The addresses of a name, best first; an IP address resolves to itself. Never an empty list. */
  readonly resolve: (
    host: string,
    options?: ResolveOptions
  ) => Effect.Effect<readonly [ResolvedAddress, ...Array<ResolvedAddress>], HttpError.NameNotResolved>
  /**
   * Connects to one address. The caller owns the connection and must end or reset it. Interruption aborts the
   * attempt and leaves nothing behind.
   */
  readonly connect: (address: Address, options?: ConnectOptions) => Effect.Effect<Transport, ConnectError>
  /** Listens until the scope closes. `onConnection` must not throw. */
  readonly listen: (
    options: ListenOptions,
    onConnection: (transport: Transport) => void
  ) => Effect.Effect<Listener, ListenError, Scope.Scope>
  /**
   * Adds TLS to a connection that has not been started, or that its owner gives up with this call. The given
   * transport must not be used afterwards, whatever the outcome; failure and interruption reset it.
   */
  readonly secure: (
    transport: Transport,
    options: TlsOptions
  ) => Effect.Effect<Transport, HttpError.TlsFailure | HttpError.ConnectionReset | HttpError.HangUp>
  /**
   * Checks, before a connection needs them, that certificates and keys can be read and match. Optional:
   * without it nothing is checked in advance.
   */
  readonly checkTls?: (options: TlsOptions) => Effect.Effect<void, HttpError.TlsFailure>
  /**
   * Registers a deadline that bounds the closing of a scope, unless its clock is the live one. A network that
   * knows when nothing else can happen (everything waits for a virtual clock) then calls `expire`, the
   * earliest deadline first. The returned function removes it. If absent, such deadlines expire after the
   * same real time at the latest.
   */
  readonly closing?: (deadline: ClosingDeadline) => () => void
}

/**
 * The network in the context: `NodeNetwork.layer` of `@httpfx/node`, `MemoryNetwork.layer` of
 * `@httpfx/testing`.
 *
 * @since 0.1.0
 * @category tags
 */
export class Network extends Context.Tag("@httpfx/core/Network")<Network, Service>() {}
