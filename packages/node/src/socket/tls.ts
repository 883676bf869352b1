/**
 * Makes TLS connections over existing connections with `node:tls`, both as client and as server.
 *
 * `secure` owns the given transport from the call on. If `secure` fails, it closes the transport.
 */
import { createHash } from "node:crypto"
import * as net from "node:net"
import * as tls from "node:tls"
import type { Duplex } from "node:stream"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpError from "@httpfx/core/HttpError"
import * as Network from "@httpfx/core/Network"
import { sniName } from "@httpfx/core/pool"
import { fault, formatAddress, type Address, type TlsFacts, type Transport } from "@httpfx/core/Transport"
import { errorOf } from "./fault.js"
import { endedBelow, onEof } from "./fast/closeNotify.js"
import { drivesHandle } from "./fast/drivesHandle.js"
import { knowsNoPeer } from "./fast/peer.js"
import * as ServerTls from "./fast/serverTls.js"
import { watchWrites, type WriteDone, type Writing } from "./fast/writes.js"
import { resetStream } from "./reset.js"
import { StreamTransport } from "./streamTransport.js"
import { distrust, tlsFacts } from "./tlsFacts.js"
import { TransportSocket } from "./transportSocket.js"
import { nextTick } from "../time/realTime.js"

// Options that have the same name and meaning in `node:tls`.
const alike = [
  "ca",
  "cert",
  "ciphers",
  "crl",
  "ecdhCurve",
  "key",
  "maxVersion",
  "minVersion",
  "passphrase",
  "pfx",
  "secureOptions",
  "sigalgs"
] as const satisfies ReadonlyArray<keyof Network.TlsOptions & keyof tls.SecureContextOptions>

const contextOptions = (options: Network.TlsOptions): tls.SecureContextOptions => {
  const context: Record<string, unknown> = options.role === "server" ? serverContext(options) : {}
  for (const name of alike) {
    const value = options[name]
    // Leave out unset options, because Node treats `undefined` differently from a missing option.
    if (value !== undefined) context[name] = value
  }
  return context
}

// Set the options that a `tls.Server` would set, because the defaults of OpenSSL differ.
const serverContext = (options: Network.TlsOptions): Record<string, unknown> => {
  const { sessionIdContext = trustOf(options), sessionTimeout, ticketKeys } = options
  return {
    honorCipherOrder: options.honorCipherOrder ?? true,
    sessionIdContext,
    ...(options.dhparam !== undefined && { dhparam: options.dhparam }),
    ...(ticketKeys !== undefined && { ticketKeys }),
    ...(sessionTimeout !== undefined && {
      sessionTimeout: Math.max(1, Math.ceil(Duration.toSeconds(sessionTimeout)))
    })
  }
}

// A session stores whether the client's certificate was verified. The session id context is a hash of the
// verification options, so OpenSSL resumes a session only under the same options.
const trustOf = ({ ca, crl, rejectUnauthorized, requestCert }: Network.TlsOptions): string =>
  createHash("sha256")
    .update(JSON.stringify([ca, crl, requestCert ?? false, rejectUnauthorized ?? true]))
    .digest("hex")
    .slice(0, 32)

// Secure contexts, by options object and server name. Making a context takes a millisecond, because keys and
// certificates are parsed. Connections therefore share contexts.
const contexts = new WeakMap<Network.TlsOptions, Map<string | undefined, tls.SecureContext>>()

const contextFor = (options: Network.TlsOptions, name: string | undefined): tls.SecureContext => {
  let made = contexts.get(options)
  if (made === undefined) contexts.set(options, (made = new Map()))
  let context = made.get(name)
  if (context === undefined) {
    const credentials = name === undefined ? {} : options.certificates![name]!
    made.set(name, (context = tls.createSecureContext(contextOptions({ ...options, ...credentials }))))
  }
  return context
}

const byName =
  (options: Network.TlsOptions): NonNullable<tls.TLSSocketOptions["SNICallback"]> =>
  (serverName, done) => {
    const name = Network.certificateName(options, serverName)
    if (name === undefined) return done(null)
    try {
      done(null, contextFor(options, name))
    } catch (error) {
      done(error as Error)
    }
  }

export const checkTls: NonNullable<Network.Service["checkTls"]> = (options) =>
  Effect.try({
    try: () => {
      if (options.role === "client") return void contextFor(options, undefined)
      for (const name of [undefined, ...Object.keys(options.certificates ?? {})]) contextFor(options, name)
    },
    catch: (error) => {
      const { code, message } = error as NodeJS.ErrnoException
      return new HttpError.TlsFailure({
        code: code ?? "ERR_TLS",
        reason: message,
        phase: "secure",
        cause: error
      })
    }
  })

const handshake = (stream: Duplex, options: Network.TlsOptions): tls.TLSSocket => {
  const checkServerIdentity = options.checkServerIdentity as typeof tls.checkServerIdentity | undefined
  const ALPNProtocols = [...(options.alpn ?? ["http/1.1"])]
  if (options.role === "client") {
    const { onSession, session } = options
    const name = options.serverName === undefined ? undefined : sniName(options.serverName)
    const socket = tls.connect({
      ...contextOptions(options),
      ...(session !== undefined && { session: Buffer.from(session) }),
      socket: stream,
      ALPNProtocols,
      rejectUnauthorized: options.rejectUnauthorized ?? true,
      ...(checkServerIdentity !== undefined && { checkServerIdentity }),
      ...(name === undefined
        ? {}
        : // An IP address is checked against the certificate, but never sent as SNI (RFC 6066 section 3).
          { ...(net.isIP(name) === 0 ? { servername: name } : {}), host: name })
    })
    if (onSession !== undefined) socket.on("session", onSession)
    return socket
  }
  return new tls.TLSSocket(stream, {
    isServer: true,
    secureContext: contextFor(options, undefined),
    ...(options.certificates === undefined ? {} : { SNICallback: byName(options) }),
    ALPNProtocols,
    requestCert: options.requestCert ?? false,
    rejectUnauthorized: options.rejectUnauthorized ?? true
  })
}

const wantsCloseNotify = (options: Network.TlsOptions): boolean =>
  options.role === "client" && options.requireCloseNotify !== false

// Returns the stream of a `StreamTransport`. Wraps any other transport, such as a tunnel or a transport in
// memory. On runtimes other than Node, only a wrapped socket distinguishes `close_notify` from FIN.
const streamOf = (transport: Transport, options: Network.TlsOptions): Duplex =>
  transport instanceof StreamTransport && (drivesHandle() || !wantsCloseNotify(options))
    ? transport.release()
    : new TransportSocket(transport, { allowHalfOpen: true }).on("error", () => {})

/**
 * Converts the error of a handshake. ECONNRESET and EPIPE come from the connection below TLS. All other codes
 * mean that TLS failed: ERR_SSL_... (OpenSSL), ERR_TLS_... (Node), or a verification error such as
 * CERT_HAS_EXPIRED.
 */
export const handshakeFailure = (error: NodeJS.ErrnoException, address: string | undefined) => {
  const facts = { reason: error.message, phase: "secure" as const, address, cause: error }
  if (error.code !== "ECONNRESET" && error.code !== "EPIPE") {
    return new HttpError.TlsFailure({ ...facts, code: error.code ?? "ERR_TLS_HANDSHAKE" })
  }
  return error.syscall === undefined ? new HttpError.HangUp(facts) : new HttpError.ConnectionReset(facts)
}

// Returns the error with which an unverified client is rejected. Without a `tls.Server`, a `TLSSocket` does
// not reject the client itself.
const refusalOf = (socket: tls.TLSSocket, options: Network.TlsOptions): Error | undefined => {
  const { rejectUnauthorized = true, requestCert, role } = options
  if (role === "client" || requestCert !== true || !rejectUnauthorized) return undefined
  const reason = distrust(socket)
  if (reason === undefined || reason === null) return undefined
  return reason instanceof Error ? reason : Object.assign(new Error(String(reason)), { code: String(reason) })
}

// A TLS stream cannot send RST, so `reset` resets the connection below it.
class TlsTransport extends StreamTransport implements Writing {
  truncated = false
  done: WriteDone | undefined = undefined
  readonly written: WriteDone
  private facts: TlsFacts | undefined

  constructor(
    private readonly socket: tls.TLSSocket,
    private readonly below: Duplex,
    addresses: { readonly local: Address | undefined; readonly remote: Address | undefined },
    requireCloseNotify: boolean
  ) {
    super(socket, addresses)
    // Destroy the socket after a TLS error, as a `tls.Server` does.
    socket.on(ServerTls.failed, (error: Error) => nextTick(() => socket.destroy(error)))
    if (requireCloseNotify) {
      onEof(socket, () => {
        this.truncated = endedBelow(socket, below)
      })
    }
    this.written = (error) => {
      this.underWay = 0
      this.done?.(error)
    }
    watchWrites(socket, this)
  }

  get tls(): TlsFacts {
    return (this.facts ??= tlsFacts(this.socket))
  }

  isLost(): boolean {
    return this.below instanceof net.Socket && knowsNoPeer(this.below)
  }

  // TLS encrypts each write immediately, so unsent bytes wait in the queue of the stream below TLS.
  protected override get writer(): Duplex {
    return this.below
  }

  protected override leave(): void {
    if (this.below instanceof net.Socket) this.below.destroy()
    else super.leave()
  }

  protected override destroyNow(): void {
    // Destroy only the socket below TLS; its end also ends the TLS stream. Destroying both streams crashes
    // Node 20.
    if (this.below instanceof net.Socket) resetStream(this.below, this.stream)
    else {
      this.below.destroy(errorOf(fault("ECONNRESET", "reset")))
      this.stream.destroy()
    }
  }
}

export const secure: Network.Service["secure"] = (transport, options) =>
  Effect.async((resume) => {
    const { local, remote } = transport
    const address = remote === undefined ? undefined : formatAddress(remote)
    const stream = streamOf(transport, options)
    let socket: tls.TLSSocket
    try {
      socket = handshake(stream, options)
    } catch (error) {
      // `node:tls` throws if it cannot parse a key or certificate.
      stream.destroy()
      return resume(Effect.fail(handshakeFailure(error as Error, address)))
    }
    const done = options.role === "client" ? "secureConnect" : ServerTls.secured
    const stop = () => {
      socket.off(done, connected)
      socket.off(ServerTls.failed, failed)
      socket.off("error", failed)
      socket.off("close", closed)
      socket.off("end", closed)
      stream.off("error", failed)
    }
    const giveUp = () => {
      stop()
      socket.on("error", () => {})
      socket.destroy()
      stream.destroy()
    }
    const connected = () => {
      const refused = refusalOf(socket, options)
      if (refused !== undefined) return failed(refused)
      stop()
      resume(Effect.succeed(new TlsTransport(socket, stream, { local, remote }, wantsCloseNotify(options))))
    }
    const failed = (error: Error) => {
      giveUp()
      resume(Effect.fail(handshakeFailure(error, address)))
    }
    const closed = () => {
      const reason = "the connection was closed before TLS was established"
      failed(Object.assign(new Error(reason), { code: "ECONNRESET" }))
    }
    socket.once(done, connected)
    // In the server role, only this event contains the reason of a failed handshake. `tls.Server` uses the
    // same event.
    socket.once(ServerTls.failed, failed)
    socket.once("error", failed)
    socket.once("close", closed)
    // If FIN arrives during the handshake, Node emits an error in the client role, but only `end` in the
    // server role.
    if (options.role === "server") socket.once("end", closed)
    stream.once("error", failed)
    return Effect.sync(giveUp)
  })
