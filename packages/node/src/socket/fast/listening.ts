/**
 * Makes a `net.Server` listen on another network than the system's. Its methods (`close`, `address`,
 * `getConnections`) use an undocumented handle and connection count.
 */
import type { AddressInfo, Server } from "node:net"

/** The methods that the server calls on its handle, and the address of its port. */
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

/** `path`: the address of a Unix socket. `null`: the server no longer listens. */
export const setHandle = (server: Server, handle: ServerHandle | null, path?: string): void => {
  const inside = insideOf(server)
  const address = handle?.address
  const getsockname = (out: object) => {
    Object.assign(out, address)
    return 0
  }
  // Without `getsockname` the server's address is its path.
  inside._handle = address === undefined ? handle : { ...handle, getsockname }
  inside._pipeName = path
}

export const connectionsOf = (server: Server): number => insideOf(server)._connections

/** Counts connections, because a closed server emits `close` with its last connection. */
export const connectionOpened = (server: Server): void => void insideOf(server)._connections++
export const connectionClosed = (server: Server): void => {
  insideOf(server)._connections--
  insideOf(server)._emitCloseIfDrained()
}
