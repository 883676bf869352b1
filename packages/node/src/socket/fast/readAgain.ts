/**
 * Reads once more from a connection that has ended: if last bytes and hang-up arrive in one turn, libuv
 * reports an end for FIN and RST alike; one more read distinguishes them.
 */
import type { Socket } from "node:net"

interface WithHandle {
  readonly _handle?: { reading?: boolean; readonly readStart?: () => number } | null
}

/** Returns `false` if that is impossible; then every end counts as FIN. */
export const readAgain = (socket: Socket): boolean => {
  const handle = (socket as unknown as WithHandle)._handle
  if (typeof handle?.readStart !== "function") return false
  handle.reading = true
  handle.readStart()
  return true
}
