/**
 * Accepts connections of a listening `net.Server` as raw handles, so that we make the sockets. `net.Server`
 * cannot make them with `onread`, and moving each connection to a second socket costs a fifth of a short
 * connection. If the handle has no `onconnection`, the server makes its sockets itself.
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

/**
 * Must be called while the server listens. Returns `false` if its handle is unknown: then nothing was
 * changed.
 */
export const acceptDirectly = (server: net.Server, accepted: (handle: Accepted) => void): boolean => {
  const handle = (server as unknown as Listening)._handle
  if (typeof handle?.onconnection !== "function") return false
  handle.onconnection = (status: number, connection: Accepted | undefined) => {
    // A failing accept (EMFILE) concerns a single connection; the server goes on listening.
    if (status !== 0 || connection === undefined) return
    connection.setNoDelay?.(true)
    accepted(connection)
  }
  return true
}

/** A socket that does not read until it is told to. */
export const socketOver = (handle: Accepted, onread: net.OnReadOpts): net.Socket => {
  const options: net.SocketConstructorOpts & {
    readonly handle: Accepted
    readonly manualStart: boolean
    readonly onread: net.OnReadOpts
  } = { handle, manualStart: true, allowHalfOpen: true, onread }
  return new net.Socket(options)
}
