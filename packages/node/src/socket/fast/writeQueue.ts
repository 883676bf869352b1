/**
 * How many bytes of the write under way the system has not taken yet; a stream says of a write only when it
 * is over, and a large one on a slow link takes minutes. `undefined`: not known there.
 */
import type { Duplex } from "node:stream"

interface WithHandle {
  readonly _handle?: { readonly writeQueueSize?: number } | null
}

export const writeQueueOf = (stream: Duplex): number | undefined =>
  (stream as unknown as WithHandle)._handle?.writeQueueSize
