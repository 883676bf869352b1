/**
 * Returns a stream to its initial state, in which adding a `data` listener makes it flow. Node documents the
 * state (`readableFlowing === null`), but no way back to it.
 */
import type { Readable } from "node:stream"

export const stopFlowing = (stream: Readable): void => {
  ;(stream as unknown as { readableFlowing: boolean | null }).readableFlowing = null
}
