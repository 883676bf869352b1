/**
 * The bytes of the current write that the kernel has not taken yet. A stream only reports a completed write,
 * and a large one takes minutes on a slow link. `undefined`: unknown.
 */
import type { Duplex } from "node:stream"

interface WithHandle {
  readonly _handle?: { readonly writeQueueSize?: number } | null
}

export const writeQueueOf = (stream: Duplex): number | undefined =>
  (stream as unknown as WithHandle)._handle?.writeQueueSize
