/**
 * Returns whether the kernel's buffer contains received bytes. In newer versions of Node.js, a method of the
 * handle reports such bytes. In other versions the result is `false`, and the bytes are noticed when they are
 * read.
 */
import type { Socket } from "node:net"

interface WithHandle {
  readonly _handle?: { readonly hasPendingRead?: () => boolean } | null
}

export const hasBytesWaiting = (socket: Socket): boolean =>
  (socket as unknown as WithHandle)._handle?.hasPendingRead?.() === true
