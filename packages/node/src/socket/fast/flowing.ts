/**
 * Sets a stream back to where nobody has asked for its bytes yet: the next listener for `data` makes it flow.
 * Node documents the state (`readableFlowing === null`) and no way back to it.
 */
import type { Readable } from "node:stream"

export const stopFlowing = (stream: Readable): void => {
  ;(stream as unknown as { readableFlowing: boolean | null }).readableFlowing = null
}
