/**
 * Sockets of a listening server that are made by whoever listens. `onread` cannot be asked of a `net.Server`,
 * and moving each connection into a second socket costs a fifth of a short connection. Where Node's server
 * has another shape, it makes its sockets itself.
 */
import * as net from "node:net"

/** The handle of a connection; opaque outside this file. */
export interface Accepted {
  /** TCP only. */
  readonly setNoDelay?: (enable: boolean) => number
}

interface Listening {
  readonly _handle?: { onconnection?: unknown } | null
}

/** `false`: the server goes on as it is. It must be listening. */
export const acceptDirectly = (server: net.Server, accepted: (handle: Accepted) => void): boolean => {
  const handle = (server as unknown as Listening)._handle
  if (typeof handle?.onconnection !== "function") return false
  handle.onconnection = (status: number, connection: Accepted | undefined) => {
    // A failing accept (EMFILE) concerns one connection that never was; the server goes on listening.
    if (status !== 0 || connection === undefined) return
    connection.setNoDelay?.(true)
    accepted(connection)
  }
  return true
}

/** A socket that reads nothing before it is told to. */
export const socketOver = (handle: Accepted, onread: net.OnReadOpts): net.Socket => {
  const options: net.SocketConstructorOpts & {
    readonly handle: Accepted
    readonly manualStart: boolean
    readonly onread: net.OnReadOpts
  } = { handle, manualStart: true, allowHalfOpen: true, onread }
  return new net.Socket(options)
}
