/**
 * Whether the system no longer knows the peer of a TCP connection. This happens after RST or after unanswered
 * keep-alive probes. Calls `getpeername` of the handle, because `socket.remoteAddress` is cached. Without a
 * usable handle the peer counts as known; the next read then reports the error.
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
