/**
 * Whether received bytes are in the kernel's buffer. Newer versions of Node.js have a method of the handle
 * that returns this. In other versions the result is `false`, and the bytes are noticed when they are read.
 */
import type { Socket } from "node:net"

interface WithHandle {
  readonly _handle?: { readonly hasPendingRead?: () => boolean } | null
}

export const hasBytesWaiting = (socket: Socket): boolean =>
  (socket as unknown as WithHandle)._handle?.hasPendingRead?.() === true
