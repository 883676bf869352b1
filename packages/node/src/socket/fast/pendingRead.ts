/**
 * Whether received bytes wait in the kernel, which the handle tells in newer versions of Node.js. In others
 * they are noticed when they are read.
 */
import type { Socket } from "node:net"

interface WithHandle {
  readonly _handle?: { readonly hasPendingRead?: () => boolean } | null
}

export const hasBytesWaiting = (socket: Socket): boolean =>
  (socket as unknown as WithHandle)._handle?.hasPendingRead?.() === true
