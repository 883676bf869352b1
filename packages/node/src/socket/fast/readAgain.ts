/**
 * Reads once more from a connection that has ended: libuv reports the end when the last bytes and a hang-up
 * arrive in one turn, be it FIN or RST, and one more read tells them apart.
 */
import type { Socket } from "node:net"

interface WithHandle {
  readonly _handle?: { reading?: boolean; readonly readStart?: () => number } | null
}

/** `false`: it cannot be done, and every end counts as FIN. */
export const readAgain = (socket: Socket): boolean => {
  const handle = (socket as unknown as WithHandle)._handle
  if (typeof handle?.readStart !== "function") return false
  handle.reading = true
  handle.readStart()
  return true
}
