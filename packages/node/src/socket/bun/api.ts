/**
 * The types of the part of Bun's global `Bun` that this folder uses: `Bun.listen`, `Bun.connect` and their
 * sockets. The package therefore does not depend on Bun's own types.
 *
 * Loading this module never reads the global `Bun`, because other runtimes load the module too.
 */
import type { PeerCertificate } from "node:tls"

/** The events of a socket. All sockets share these handlers, which call the receiver of the socket. */
export interface BunHandlers {
  open(socket: BunSocket): void
  data(socket: BunSocket, chunk: Uint8Array): void
  drain(socket: BunSocket): void
  end(socket: BunSocket): void
  close(socket: BunSocket, error?: Error): void
  error(socket: BunSocket, error: Error): void
  connectError?(socket: BunSocket, error: Error): void
  /** If this handler exists, `open` is called before the TLS handshake. */
  handshake?(socket: BunSocket, success: boolean, error: Error | null | undefined): void
}

/** The object to which the handlers pass the events of a socket. */
export interface Receiver {
  opened?(socket: BunSocket): void
  sawData(chunk: Uint8Array): void
  sawDrain(): void
  sawEnd(): void
  sawClose(error: Error | undefined): void
  sawError(error: Error): void
  sawHandshake?(success: boolean, error: Error | null | undefined): void
}

export interface BunSocket {
  data: Receiver
  readonly remoteAddress: string | undefined
  readonly remotePort: number | undefined
  readonly localAddress: string | undefined
  readonly localPort: number | undefined
  /**
   * Sends `length` bytes from `offset` on. Returns the number of bytes that the system has accepted, or -1 if
   * the connection is lost. Keeps no reference to `data`.
   */
  write(data: Uint8Array, offset: number, length: number): number
  /** Sends FIN. The socket can still receive. */
  shutdown(): void
  /** Closes the socket. The system still sends the bytes that it has accepted. */
  end(): void
  /** Closes the socket with RST. */
  terminate(): void
  pause(): void
  resume(): void
  ref(): void
  unref(): void
  setNoDelay(enable: boolean): boolean
  setKeepAlive(enable: boolean, initialDelay: number): boolean
  upgradeTLS(options: Upgrade): [raw: BunSocket, tls: BunSocket]
  // These members exist on sockets with TLS.
  readonly authorized: boolean
  readonly alpnProtocol: string | false | null
  getAuthorizationError(): Error | null
  getCipher(): { readonly name: string } | undefined
  getPeerCertificate(): PeerCertificate | undefined
  getServername(): string | undefined
  getTLSVersion(): string | null
  isSessionReused(): boolean
}

export interface Upgrade {
  readonly data: Receiver
  readonly tls: BunTls
  readonly socket: BunHandlers
}

export interface BunTls {
  readonly serverName?: string
  readonly cert?: string
  readonly key?: string
  readonly ca?: string | ReadonlyArray<string>
  readonly crl?: string | ReadonlyArray<string>
  readonly passphrase?: string
  readonly ciphers?: string
  readonly secureOptions?: number
  readonly rejectUnauthorized?: boolean
  readonly requestCert?: boolean
  /** The protocol names in wire format. Each name follows a byte with its length. */
  readonly ALPNProtocols?: Uint8Array
}

export interface BunListener {
  readonly hostname?: string
  readonly port?: number
  readonly unix?: string
  /** Stops accepting connections. With `true`, also closes the accepted connections. */
  stop(closeConnections?: boolean): void
  ref(): void
  unref(): void
}

interface Common {
  readonly socket: BunHandlers
  readonly data?: Receiver
  readonly allowHalfOpen: boolean
}

export type BunAddress = { readonly hostname: string; readonly port: number } | { readonly unix: string }

export interface Bun {
  listen(
    options: Common & BunAddress & { readonly ipv6Only?: boolean; readonly reusePort?: boolean }
  ): BunListener
  connect(
    options: Common & BunAddress & { readonly localAddress?: string; readonly localPort?: number }
  ): Promise<BunSocket>
}

/** Returns Bun's global, or `undefined` on another runtime. */
export const globalBun = (): Bun | undefined => {
  const { Bun } = globalThis as { readonly Bun?: Partial<Bun> }
  return typeof Bun?.listen === "function" && typeof Bun.connect === "function" ? (Bun as Bun) : undefined
}

/** The handlers of all sockets without TLS. `connectError` is for `Bun.connect` only. */
export const handlers: BunHandlers = {
  open: (socket) => socket.data.opened?.(socket),
  data: (socket, chunk) => socket.data.sawData(chunk),
  drain: (socket) => socket.data.sawDrain(),
  end: (socket) => socket.data.sawEnd(),
  close: (socket, error) => socket.data.sawClose(error),
  error: (socket, error) => socket.data.sawError(error)
}
