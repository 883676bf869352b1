/**
 * A `net.Server` that listens elsewhere than at the system: its own methods (`close`, `address`,
 * `getConnections`) go by a handle and a number of connections that Node does not publish.
 */
import type { AddressInfo, Server } from "node:net"

/** What the server's methods call, and what `address()` says of a port. */
export interface ServerHandle {
  readonly close: () => void
  readonly ref: () => void
  readonly unref: () => void
  readonly address?: AddressInfo | undefined
}

interface Inside {
  _handle: object | null
  _connections: number
  _pipeName: string | undefined
  _emitCloseIfDrained(): void
}

const insideOf = (server: Server) => server as unknown as Inside

/** `path`: where it listens, of a Unix socket. `null`: it does not listen. */
export const setHandle = (server: Server, handle: ServerHandle | null, path?: string): void => {
  const inside = insideOf(server)
  const address = handle?.address
  const getsockname = (out: object) => {
    Object.assign(out, address)
    return 0
  }
  // Without the method the server's address is its path.
  inside._handle = address === undefined ? handle : { ...handle, getsockname }
  inside._pipeName = path
}

export const connectionsOf = (server: Server): number => insideOf(server)._connections

/** One connection more, and later one less: a server that is closed emits `close` with the last one. */
export const connectionOpened = (server: Server): void => void insideOf(server)._connections++
export const connectionClosed = (server: Server): void => {
  insideOf(server)._connections--
  insideOf(server)._emitCloseIfDrained()
}
