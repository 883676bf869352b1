/**
 * Returns whether the system no longer knows the peer of a TCP connection, which happens after RST or after
 * unanswered keep-alive probes. Calls `getpeername` of the handle, because `socket.remoteAddress` is cached.
 * If the handle is not usable, the peer counts as known, and the next read reports the error.
 */
import type { Socket } from "node:net"

interface WithHandle {
  /** Returns a non-zero value if the system call fails. Exists only on TCP handles. */
  readonly _handle?: { readonly getpeername?: (out: object) => number } | null
}

export const knowsNoPeer = (socket: Socket): boolean => {
  const handle = (socket as unknown as WithHandle)._handle
  return handle?.getpeername !== undefined && handle.getpeername({}) !== 0
}
