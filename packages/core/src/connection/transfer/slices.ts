/**
 * A queue of received bytes that keeps slices as views, except small slices, which the queue copies and
 * joins.
 *
 * A view costs about 100 bytes and keeps its whole chunk in memory. Without copies, a peer that sends single
 * bytes, or little data among many discarded bytes, would occupy a hundred times more memory than its data
 * needs. With copies, memory is at most about twice `bytes`. The queue itself has no limit, so the code that
 * uses it must check `bytes`.
 */

/** Length (bytes) below which a slice is copied, because a view costs too much memory. */
const small = 512
/**
 * Length (bytes) from which a slice is never copied. Chunks are bounded, so a view of a large slice wastes
 * little memory.
 */
const large = 16_384
/** Size (bytes) of a buffer into which slices are copied. */
const roomSize = 8_192

const empty = new Uint8Array(0)

/** Joins slices into one. Returns a single slice unchanged. */
const concat = (parts: ReadonlyArray<Uint8Array>, length: number): Uint8Array => {
  if (parts.length === 1) return parts[0]!
  if (length === 0) return empty
  const all = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

const holdsMore = (slice: Uint8Array): boolean =>
  slice.length < small || (slice.length < large && slice.buffer.byteLength > 2 * slice.length)

export class Slices {
  bytes = 0
  private parts: Array<Uint8Array> = []
  /** The buffer for copies. Bytes that were already returned are never overwritten. */
  private room: Uint8Array | undefined = undefined
  /** Number of bytes copied to `room`. */
  private filled = 0
  /** Number of bytes of `room` that are already in `parts`. */
  private listed = 0

  push(slice: Uint8Array): void {
    // Keep the first slice as a view, because a reader usually takes it before a second slice arrives.
    if (this.bytes > 0 && holdsMore(slice)) this.join(slice)
    else {
      this.list()
      this.parts.push(slice)
    }
    this.bytes += slice.length
  }

  /** Prepends a slice. */
  unshift(slice: Uint8Array): void {
    this.parts.unshift(slice)
    this.bytes += slice.length
  }

  /** Removes and returns the first slice. */
  shift(): Uint8Array | undefined {
    if (this.bytes === 0) return undefined
    if (this.parts.length === 0) this.list()
    const slice = this.parts.shift()!
    this.bytes -= slice.length
    if (this.bytes === 0) this.clear()
    return slice
  }

  /** Removes and returns all slices. */
  takeAll(): Array<Uint8Array> {
    this.list()
    const parts = this.parts
    this.clear()
    return parts
  }

  /** Removes all slices and returns them as one. */
  takeJoined(): Uint8Array {
    const length = this.bytes
    return concat(this.takeAll(), length)
  }

  clear(): void {
    this.parts = []
    this.bytes = 0
    this.room = undefined
    this.filled = this.listed = 0
  }

  private join(slice: Uint8Array): void {
    let rest = slice
    while (rest.length > 0) {
      if (this.room === undefined || this.filled === roomSize) {
        this.list()
        this.room = new Uint8Array(roomSize)
        this.filled = this.listed = 0
      }
      const fits = Math.min(roomSize - this.filled, rest.length)
      this.room.set(fits < rest.length ? rest.subarray(0, fits) : rest, this.filled)
      this.filled += fits
      rest = rest.subarray(fits)
    }
  }

  private list(): void {
    if (this.filled === this.listed) return
    this.parts.push(this.room!.subarray(this.listed, this.filled))
    this.listed = this.filled
  }
}
