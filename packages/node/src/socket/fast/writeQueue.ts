/**
 * Returns the number of bytes of the current write that the kernel has not accepted yet, or `undefined` if
 * the number is unknown. A stream itself reports only the completion of a write, and a large write may take
 * minutes on a slow link.
 */
import type { Duplex } from "node:stream"

interface WithHandle {
  readonly _handle?: { readonly writeQueueSize?: number } | null
}

export const writeQueueOf = (stream: Duplex): number | undefined =>
  (stream as unknown as WithHandle)._handle?.writeQueueSize
