/**
 * Makes a `net.Server` listen on another network than the system's. The methods of the server (`close`,
 * `address`, `getConnections`) use an undocumented handle and an undocumented connection count, so this file
 * sets both.
 */
import type { AddressInfo, Server } from "node:net"

/** The methods that a server calls on its handle, and the address that `server.address()` returns. */
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

/**
 * Sets the handle of a server. `null` stops the server from listening. `path` is the address of a Unix
 * socket.
 */
export const setHandle = (server: Server, handle: ServerHandle | null, path?: string): void => {
  const inside = insideOf(server)
  const address = handle?.address
  const getsockname = (out: object) => {
    Object.assign(out, address)
    return 0
  }
  // If the handle has no `getsockname`, `server.address()` returns `_pipeName`.
  inside._handle = address === undefined ? handle : { ...handle, getsockname }
  inside._pipeName = path
}

export const connectionsOf = (server: Server): number => insideOf(server)._connections

/** Counts an open connection. After `close`, a server emits its `close` event only when this count is 0. */
export const connectionOpened = (server: Server): void => void insideOf(server)._connections++
export const connectionClosed = (server: Server): void => {
  insideOf(server)._connections--
  insideOf(server)._emitCloseIfDrained()
}
