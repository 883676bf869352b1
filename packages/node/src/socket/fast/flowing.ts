/**
 * Resets a stream to its initial state, in which a `data` listener makes the stream flow. Node documents this
 * state (`readableFlowing === null`) but has no API that restores it.
 */
import type { Readable } from "node:stream"

export const stopFlowing = (stream: Readable): void => {
  ;(stream as unknown as { readableFlowing: boolean | null }).readableFlowing = null
}
