/**
 * Accepts connections of a listening `net.Server` as raw handles. We then make the sockets with the option
 * `onread`, which `net.Server` does not support. The alternative, moving each connection to a second socket,
 * makes a short connection cost a fifth more.
 *
 * If the server's handle has no `onconnection`, or gets no handles through it, the server makes its sockets
 * itself.
 */
import * as net from "node:net"
import { drivesHandle } from "./drivesHandle.js"

/** The handle of a connection. Other files must treat it as opaque. */
export interface Accepted {
  /** Exists only on TCP handles. */
  readonly setNoDelay?: (enable: boolean) => number
}

interface Listening {
  readonly _handle?: { onconnection?: unknown } | null
}

/**
 * Makes a listening server pass the handles of its connections to `accepted`. Returns `false` and changes
 * nothing if the server's own handle is not as expected, for example before the server listens.
 */
export const acceptDirectly = (server: net.Server, accepted: (handle: Accepted) => void): boolean => {
  const handle = (server as unknown as Listening)._handle
  const accept = handle?.onconnection
  if (!handle || typeof accept !== "function" || !drivesHandle()) return false
  handle.onconnection = (status: number, connection: Accepted | undefined) => {
    // A failed accept (EMFILE) affects only one connection. Ignore the failure, because the server continues
    // to listen.
    if (status !== 0) return
    // Some runtimes pass no handle. Restore `onconnection`, so that the server makes its sockets itself from
    // this connection on.
    if (connection === undefined) {
      handle.onconnection = accept
      return void Reflect.apply(accept, handle, [status])
    }
    connection.setNoDelay?.(true)
    accepted(connection)
  }
  return true
}

/** Makes a socket over a handle. The socket does not read before `read` or `resume` is called. */
export const socketOver = (handle: Accepted, onread: net.OnReadOpts): net.Socket => {
  const options: net.SocketConstructorOpts & {
    readonly handle: Accepted
    readonly manualStart: boolean
    readonly onread: net.OnReadOpts
  } = { handle, manualStart: true, allowHalfOpen: true, onread }
  return new net.Socket(options)
}
