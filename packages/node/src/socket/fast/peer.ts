/**
 * Whether the system has dropped the peer of a TCP connection, as it does after an RST or unanswered
 * keep-alive probes. Asks the handle, because `socket.remoteAddress` is cached. Without a usable handle the
 * peer counts as known, and the next read reports the error.
 */
import type { Socket } from "node:net"

interface WithHandle {
  /** `getpeername`, TCP only: non-zero if it fails. */
  readonly _handle?: { readonly getpeername?: (out: object) => number } | null
}

export const knowsNoPeer = (socket: Socket): boolean => {
  const handle = (socket as unknown as WithHandle)._handle
  return handle?.getpeername !== undefined && handle.getpeername({}) !== 0
}
