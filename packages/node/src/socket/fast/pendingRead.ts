/**
 * Bytes wait in the system: on newer versions of Node.js its handle tells. Elsewhere they are seen when they
 * are read.
 */
import type { Socket } from "node:net"

interface WithHandle {
  readonly _handle?: { readonly hasPendingRead?: () => boolean } | null
}

export const hasBytesWaiting = (socket: Socket): boolean =>
  (socket as unknown as WithHandle)._handle?.hasPendingRead?.() === true
