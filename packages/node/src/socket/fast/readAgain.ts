/**
 * Reads once more from a connection that has ended. If the last bytes and the end arrive in one turn, libuv
 * reports FIN and RST in the same way up to Node.js 22. A further read fails only after RST.
 */
import type { Socket } from "node:net"

interface WithHandle {
  readonly _handle?: { reading?: boolean; readonly readStart?: () => number } | null
}

/**
 * Starts another read. Returns `false` if the handle does not allow another read. Every end then counts as
 * FIN.
 */
export const readAgain = (socket: Socket): boolean => {
  const handle = (socket as unknown as WithHandle)._handle
  if (typeof handle?.readStart !== "function") return false
  handle.reading = true
  handle.readStart()
  return true
}
