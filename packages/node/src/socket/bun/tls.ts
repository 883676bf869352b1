/**
 * Adds TLS to Bun's sockets with `upgradeTLS`, both as client and as server. `node:tls` adds TLS to other
 * transports, such as tunnels, and handles options that are not in `plain`.
 *
 * Never ignores an option. An option that neither of the two supports is refused by name.
 */
import * as net from "node:net"
import * as Effect from "effect/Effect"
import * as HttpError from "@httpfx/core/HttpError"
import type * as Network from "@httpfx/core/Network"
import { sniName } from "@httpfx/core/pool"
import { fault, formatAddress, type TlsFacts } from "@httpfx/core/Transport"
import { upgrade } from "../fast/bunServerTls.js"
import { checkTls as checkByNode, handshakeFailure, secure as secureByNode } from "../tls.js"
import { certificateOf } from "../tlsFacts.js"
import { handlers, type BunHandlers, type BunSocket, type BunTls, type Receiver } from "./api.js"
import { BunTransport, type Addresses } from "./transport.js"

// Options that have the same name and meaning in Bun.
const alike = [
  "ca",
  "cert",
  "ciphers",
  "crl",
  "key",
  "passphrase",
  "rejectUnauthorized",
  "requestCert",
  "secureOptions"
] as const satisfies ReadonlyArray<keyof Network.TlsOptions & keyof BunTls>

// Further options that work with Bun's TLS. `onSession` is never called, because Bun provides no sessions.
const others = ["role", "serverName", "alpn", "onSession", "handshakeTimeout", "requireCloseNotify"]

const plain: ReadonlySet<string> = new Set([...alike, ...others])

/** Whether Bun's TLS has all options that are set. */
const isPlain = (options: Network.TlsOptions): boolean => {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && !plain.has(name)) return false
  }
  if (options.role === "server") return true
  // Bun does not report a missing `close_notify`, would send an IP address as SNI, and without a server name
  // would verify the address of the connection.
  return options.requireCloseNotify === false && net.isIP(options.serverName ?? "::") === 0
}

/**
 * Refuses `certificates`. Bun does not have this option, and Bun's `node:tls` ignores it on streams that are
 * not its own sockets, so every server name would get the certificate of `cert`.
 */
const lacking = (options: Network.TlsOptions): HttpError.TlsFailure | undefined =>
  options.certificates === undefined
    ? undefined
    : new HttpError.TlsFailure({
        code: "ENOTSUP",
        reason: "BunNetwork has no TLS option `certificates`; NodeNetwork has it",
        phase: "secure"
      })

export const checkTls: NonNullable<Network.Service["checkTls"]> = (options) => {
  const refused = lacking(options)
  return refused === undefined ? checkByNode(options) : Effect.fail(refused)
}

/** Encodes protocol names for ALPN. Each name follows a byte with its length (RFC 7301). */
const wireNames = (names: ReadonlyArray<string>): Uint8Array =>
  Buffer.concat(names.map((name) => Buffer.from(String.fromCharCode(name.length) + name, "latin1")))

// The translated options by options object, because connections share options.
const translated = new WeakMap<Network.TlsOptions, BunTls>()

const tlsOf = (options: Network.TlsOptions): BunTls => {
  const known = translated.get(options)
  if (known !== undefined) return known
  const tls: Record<string, unknown> = { rejectUnauthorized: true }
  for (const name of alike) if (options[name] !== undefined) tls[name] = options[name]
  tls.ALPNProtocols = wireNames(options.alpn ?? ["http/1.1"])
  if (options.role === "client" && options.serverName !== undefined)
    tls.serverName = sniName(options.serverName)
  translated.set(options, tls as BunTls)
  return tls as BunTls
}

class TlsBunTransport extends BunTransport {
  private facts: TlsFacts | undefined

  constructor(
    socket: BunSocket,
    private readonly below: BunSocket,
    addresses: Addresses
  ) {
    super(socket, addresses)
  }

  get tls(): TlsFacts {
    return (this.facts ??= factsOf(this.socket))
  }

  protected override terminate(): void {
    this.below.terminate()
  }

  // Bun reports an error of the TLS session before it closes the socket.
  override sawError(error: NodeJS.ErrnoException): void {
    if (error.code === undefined) super.sawError(error)
    else this.failed(fault(error.code, "read", { cause: error, message: error.message }))
  }
}

const factsOf = (socket: BunSocket): TlsFacts => {
  const peerCertificate = certificateOf(socket.getPeerCertificate())
  const error = socket.getAuthorizationError() as NodeJS.ErrnoException | null
  const reason = peerCertificate === undefined ? undefined : (error?.code ?? error?.message)
  return {
    protocol: socket.getTLSVersion() ?? undefined,
    cipher: socket.getCipher()?.name,
    alpnProtocol: socket.alpnProtocol || undefined,
    serverName: socket.getServername() || undefined,
    sessionReused: socket.isSessionReused(),
    authorized: peerCertificate !== undefined && reason === undefined,
    authorizationError: reason,
    peerCertificate
  }
}

const ignored = () => {}

const tlsHandlers: BunHandlers = {
  ...handlers,
  handshake: (socket, success, error) => socket.data.sawHandshake?.(success, error)
}

/**
 * Receives the events of a socket during the handshake. No bytes of the app can arrive before the handshake
 * ends.
 */
class Handshake implements Receiver {
  constructor(private readonly done: (success: boolean, error: NodeJS.ErrnoException | undefined) => void) {}

  sawHandshake(success: boolean, error: Error | null | undefined): void {
    this.done(success, error ?? undefined)
  }
  sawClose(error: Error | undefined): void {
    const reason = "the connection was closed before TLS was established"
    this.done(false, error ?? Object.assign(new Error(reason), { code: "ECONNRESET" }))
  }
  sawError(error: Error): void {
    this.done(false, error)
  }
  readonly sawData = ignored
  readonly sawDrain = ignored
  readonly sawEnd = ignored
}

const codeOf = (error: NodeJS.ErrnoException): string =>
  error.code === "EPROTO"
    ? `ERR_SSL_${/:SSL routines:[^:]*:(\w+)/.exec(error.message)?.[1] ?? "PROTOCOL_ERROR"}`
    : (error.code ?? "ERR_TLS_HANDSHAKE")

// OpenSSL's codes of failed verification have no prefix, such as `CERT_HAS_EXPIRED`. Bun's code for a wrong
// host name has one.
const isDistrust = ({ code = "" }: NodeJS.ErrnoException) =>
  code === "ERR_TLS_CERT_ALTNAME_INVALID" || (code.includes("_") && !code.startsWith("ERR_"))

/** Returns whether a peer is refused if its certificate is not trusted. */
const demandsTrust = ({ rejectUnauthorized = true, requestCert = false, role }: Network.TlsOptions) =>
  rejectUnauthorized && (role === "client" || requestCert)

export const secure: Network.Service["secure"] = (transport, options) =>
  Effect.suspend(() => {
    const refused = lacking(options)
    if (refused !== undefined) {
      transport.reset()
      return Effect.fail(refused)
    }
    const socket = transport instanceof BunTransport && isPlain(options) ? transport.release() : undefined
    if (socket === undefined) return secureByNode(transport, options)
    const addresses = { local: transport.local, remote: transport.remote }
    const address = addresses.remote && formatAddress(addresses.remote)
    return Effect.async((resume) => {
      let raw = socket
      let secured: BunSocket | undefined
      let over = false
      const giveUp = () => {
        over = true
        raw.terminate()
      }
      const failed = (error: NodeJS.ErrnoException) => {
        if (over) return
        over = true
        // Bun has already sent its alert, so close without RST.
        if (secured === undefined) raw.terminate()
        else secured.end()
        resume(Effect.fail(handshakeFailure(Object.assign(error, { code: codeOf(error) }), address)))
      }
      const handshake = new Handshake((success, error) => {
        if (over) return
        const refused = !success && (error === undefined || !isDistrust(error))
        if (refused || (error !== undefined && demandsTrust(options))) {
          return failed(error ?? new Error("the handshake failed"))
        }
        over = true
        const transport = new TlsBunTransport(secured!, raw, addresses)
        secured!.data = transport
        transport.halt()
        resume(Effect.succeed(transport))
      })
      try {
        const upgraded = upgrade(socket, options.role, {
          data: handshake,
          tls: tlsOf(options),
          socket: tlsHandlers
        })
        raw = upgraded[0]
        secured = upgraded[1]
        secured.resume()
      } catch (error) {
        // Bun throws if it cannot parse a key or certificate.
        failed(error as Error)
      }
      return Effect.sync(giveUp)
    })
  })
