/**
 * Whether the system still knows the peer of a TCP connection: after an RST, or probes without an answer, it
 * does not. Node asks once and remembers (`socket.remoteAddress`), so its handle is asked. Where a handle
 * cannot be asked, the peer counts as known, and reading tells what has happened.
 */
import type { Socket } from "node:net"

interface WithHandle {
  /** `getpeername`: of TCP only; not 0 where it fails. */
  readonly _handle?: { readonly getpeername?: (out: object) => number } | null
}

export const knowsNoPeer = (socket: Socket): boolean => {
  const handle = (socket as unknown as WithHandle)._handle
  return handle?.getpeername !== undefined && handle.getpeername({}) !== 0
}
