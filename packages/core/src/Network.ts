/**
 * Where connections come from: names to addresses, connections to one address, listening, TLS over a
 * connection.
 *
 * A network moves bytes between ends; it knows nothing of HTTP, keeps no pool and never retries. Trying
 * several addresses of a name is the client's.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as HttpError from "./HttpError.js"
import { sniName } from "./pool/name.js"
import type { Timers } from "./Timers.js"
import { formatAddress, type Address, type Transport } from "./Transport.js"

/**
 * What failing to make a connection to one address can look like.
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
 * Why a network cannot listen.
 *
 * @since 0.1.0
 * @category errors
 */
export type ListenError = HttpError.AddressInUse | HttpError.ListenFailed

/**
 * What a look-up of a name can be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface ResolveOptions {
  /** Only addresses of this family. Default: both, in the resolver's order. */
  readonly family?: 4 | 6 | undefined
  /**
   * Flags of the system's resolver (`dns.ADDRCONFIG`, ...); where there is none they mean nothing. Default 0.
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
 * What the making of one connection can be told.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConnectOptions {
  /** Address of our end. Default: the system chooses. */
  readonly localAddress?: string | undefined
  /** Port of our end. Default: the system chooses. */
  readonly localPort?: number | undefined
  /** `TCP_NODELAY`. Default `true`. */
  readonly noDelay?: boolean | undefined
}

/**
 * Where to listen: a port, a path, a descriptor or a handle that is open already.
 *
 * @since 0.1.0
 * @category models
 */
export type ListenOptions =
  | {
      /** 0: any free port; the listener's address tells which. */
      readonly port: number
      /** Default: every address of both families, as Node's `server.listen`. */
      readonly host?: string | undefined
      /** Only IPv6 where `host` is `::`. Default `false`. */
      readonly ipv6Only?: boolean | undefined
      /** Connections the system holds ready until they are accepted. Default 511. */
      readonly backlog?: number | undefined
      /**
       * Several listeners, of other processes too, share the port, and the system spreads connections over
       * them (`SO_REUSEPORT`). Where it cannot (Node.js before 22.12, some systems) listening fails with
       * `ENOTSUP`. Default `false`.
       */
      readonly reusePort?: boolean | undefined
    }
  | {
      /** A Unix domain socket. */
      readonly path: string
      /** Connections the system holds ready until they are accepted. Default 511. */
      readonly backlog?: number | undefined
      /** A socket file that nobody listens on any more is replaced, as after a crash. Default `true`. */
      readonly replaceStale?: boolean | undefined
    }
  /** A file descriptor that listens already, as a supervisor hands it over. */
  | {
      /** The descriptor's number. */
      readonly fd: number
      /** Connections the system holds ready until they are accepted. Default 511. */
      readonly backlog?: number | undefined
    }
  /**
   * What the network itself knows as listening: on Node.js a `net.Server`, whose connections come here from
   * now on.
   */
  | {
      /** On Node.js a `net.Server`. */
      readonly handle: object
    }

/**
 * Where the options say to listen, for messages: `host:port`, a path, `fd 3`.
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
 * A bound address. Connections are handed over as they arrive, not yet started: nothing of them is read
 * before `Transport.start`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Listener {
  /** Where it listens, with the port that the system chose. */
  readonly address: Address
  /** Stops accepting and frees the address; connections that were handed over stay. Idempotent. */
  readonly close: Effect.Effect<void>
  /** Keeps the process alive while it listens, which it does unless told otherwise. */
  readonly ref: () => void
  /** Lets the process end although it listens. */
  readonly unref: () => void
}

/**
 * Versions of TLS, as Node writes them. The platform may refuse the older two.
 *
 * @since 0.1.0
 * @category models
 */
export type TlsVersion = "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3"

/**
 * What a TLS peer shows of itself; the platform may give more fields.
 *
 * @since 0.1.0
 * @category models
 */
export interface PeerCertificate {
  /** Whose it is, by X.509's short names: `CN`, `O`, `OU`, ... */
  readonly subject: Readonly<Record<string, string | ReadonlyArray<string>>>
  /** Who signed it, by the same names. */
  readonly issuer: Readonly<Record<string, string | ReadonlyArray<string>>>
  /** As OpenSSL prints it: `DNS:a.test, IP Address:127.0.0.1`. */
  readonly subjectaltname?: string | undefined
  /** SHA-256 of the certificate, hexadecimal with colons: for pinning. */
  readonly fingerprint256: string
  /** Hexadecimal, without separators. */
  readonly serialNumber: string
  /** As OpenSSL prints it: `Jan  1 00:00:00 2026 GMT`. */
  readonly valid_from: string
  /** As OpenSSL prints it. */
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
  /** Which end of the handshake this is. */
  readonly role: "client" | "server"
  /**
   * Client: the name asked for (SNI) and checked against the certificate. The dot of a name in full
   * (`a.example.`) is not sent.
   */
  readonly serverName?: string | undefined
  /**
   * Client: judges the certificate of a peer whose chain is trusted; an error, returned or (for an agent's
   * connection) thrown, refuses it. Default: it must be for the name (RFC 9110 §4.3.4).
   */
  readonly checkServerIdentity?:
    ((host: string, certificate: PeerCertificate) => Error | undefined) | undefined
  /** Certificate chain, PEM. A server needs one. */
  readonly cert?: string | undefined
  /** Private key, PEM. */
  readonly key?: string | undefined
  /** Trusted authorities, PEM. Default: those of the platform. */
  readonly ca?: string | ReadonlyArray<string> | undefined
  /**
   * Refuse a peer whose certificate cannot be verified; of a server, only where it has `requestCert`. Default
   * `true`.
   */
  readonly rejectUnauthorized?: boolean | undefined
  /** Server: ask the client for a certificate. Default `false`. */
  readonly requestCert?: boolean | undefined
  /** Passphrase of `key` or `pfx`. */
  readonly passphrase?: string | undefined
  /** Key and certificates in one file, PKCS #12. */
  readonly pfx?: Uint8Array | undefined
  /** Revoked certificates, PEM. */
  readonly crl?: string | ReadonlyArray<string> | undefined
  /** Cipher suites, most wanted first, as OpenSSL names them. Default: the platform's. */
  readonly ciphers?: string | undefined
  /** The oldest version that is spoken. Default: the platform's. */
  readonly minVersion?: TlsVersion | undefined
  /** The newest version that is spoken. Default: the platform's. */
  readonly maxVersion?: TlsVersion | undefined
  /** Named curves, or `auto`. Default: the platform's. */
  readonly ecdhCurve?: string | undefined
  /** Signature algorithms, as OpenSSL names them. Default: the platform's. */
  readonly sigalgs?: string | undefined
  /** Server: its own order of `ciphers` counts, not the client's. Default `true`. */
  readonly honorCipherOrder?: boolean | undefined
  /** Server: Diffie-Hellman parameters, PEM, or `auto`. Default: none, so that no DHE suite is agreed on. */
  readonly dhparam?: string | undefined
  /** `SSL_OP_*` of OpenSSL. */
  readonly secureOptions?: number | undefined
  /** Protocols offered, most wanted first. Default `["http/1.1"]`. */
  readonly alpn?: ReadonlyArray<string> | undefined
  /**
   * Client: a session to be resumed, as `onSession` gave it. One that the server does not know does no harm.
   */
  readonly session?: Uint8Array | undefined
  /**
   * Client: told of each session that the server lets resume, during the handshake or later. It is a secret.
   * An agent keeps sessions by itself.
   */
  readonly onSession?: ((session: Uint8Array) => void) | undefined
  /**
   * Client: a response whose end is that of the connection (no length, no chunks) is complete only if
   * `close_notify` came before FIN (RFC 9112 section 9.8). `false`: FIN is enough. Default `true`.
   */
  readonly requireCloseNotify?: boolean | undefined
  /**
   * Server: sessions are resumed only under the context that they were made in; at most 32 bytes of UTF-8.
   * Default: derived from `ca`, `crl`, `requestCert` and `rejectUnauthorized`.
   */
  readonly sessionIdContext?: string | undefined
  /**
   * Server: 48 bytes, a secret, that encrypt session tickets; servers with the same keys resume each other's
   * sessions. Default: random.
   */
  readonly ticketKeys?: Uint8Array | undefined
  /**
   * Server: for how long a session can be resumed, whole seconds. Default: the platform's, 2 hours in
   * Node.js.
   */
  readonly sessionTimeout?: Duration.DurationInput | undefined
  /**
   * Server: certificates by the name that a client asks for (SNI); `*.example.com` stands for one label.
   * `cert` and `key` are for all other names, and for clients that ask for none.
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
 * The TLS of a server.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerTls extends Omit<TlsOptions, "role" | "serverName"> {
  /**
   * How long a client may take for the handshake; then its connection is reset. Default 120 seconds (Node's
   * `handshakeTimeout`).
   */
  readonly handshakeTimeout?: Duration.DurationInput | undefined
}

/**
 * Which key of `certificates` serves a name that a client asks for: the name itself, or the wildcard over its
 * first label. `undefined`: `cert` and `key` do.
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
  /** The clock it goes by. */
  readonly timers: Timers
  /** Milliseconds of `timers.now()`. */
  readonly deadline: number
  /** What waits, and for how long, in words. */
  readonly name: string
  /** What expiring now would cut off, in words; `undefined`: nothing. */
  readonly loses: () => string | undefined
  /** Expires it now, whatever the clock says, which also removes it from the network. */
  readonly expire: () => void
}

/**
 * A network: what servers and clients ask it for. It owns no connection that it has handed over.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The addresses of a name, best first; an IP address is its own answer. Never an empty list. */
  readonly resolve: (
    host: string,
    options?: ResolveOptions
  ) => Effect.Effect<readonly [ResolvedAddress, ...Array<ResolvedAddress>], HttpError.NameNotResolved>
  /**
   * A connection to one address. It belongs to the caller, who ends or resets it. Interruption gives the
   * attempt up and leaves nothing behind.
   */
  readonly connect: (address: Address, options?: ConnectOptions) => Effect.Effect<Transport, ConnectError>
  /** Listens until the scope closes. `onConnection` must not throw. */
  readonly listen: (
    options: ListenOptions,
    onConnection: (transport: Transport) => void
  ) => Effect.Effect<Listener, ListenError, Scope.Scope>
  /**
   * TLS over a connection that has not been started, or whose owner gives it up by this call. The given
   * transport must not be used any more, whatever the outcome; on failure and interruption it is reset.
   */
  readonly secure: (
    transport: Transport,
    options: TlsOptions
  ) => Effect.Effect<Transport, HttpError.TlsFailure | HttpError.ConnectionReset | HttpError.HangUp>
  /**
   * Whether certificates and keys can be read and fit each other, before a connection needs them. A network
   * may have none: then nothing is checked beforehand.
   */
  readonly checkTls?: (options: TlsOptions) => Effect.Effect<void, HttpError.TlsFailure>
  /**
   * Registers a deadline that bounds the closing of a scope, unless its clock is the live one. A network that
   * knows when nothing else can happen (everything waits for a clock that nobody moves) calls `expire` then,
   * the earliest deadline first. The result removes it. Absent: such deadlines expire after the same real
   * time at the latest.
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

/**
 * Listens on the network in the context.
 *
 * @since 0.1.0
 * @category accessors
 */
export const listen = (
  options: ListenOptions,
  onConnection: (transport: Transport) => void
): Effect.Effect<Listener, ListenError, Network | Scope.Scope> =>
  Effect.flatMap(Network, (network) => network.listen(options, onConnection))

/**
 * Connects on the network in the context.
 *
 * @since 0.1.0
 * @category accessors
 */
export const connect = (
  address: Address,
  options?: ConnectOptions
): Effect.Effect<Transport, ConnectError, Network> =>
  Effect.flatMap(Network, (network) => network.connect(address, options))
