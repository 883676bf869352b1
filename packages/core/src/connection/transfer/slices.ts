/**
 * A queue of received bytes that keeps slices as views, except small ones, which it copies and joins.
 *
 * A view costs about 100 bytes and pins its whole chunk. Without copies, a peer that sends single bytes, or
 * little data among many discarded bytes, would occupy a hundred times the memory. With them, at most about
 * twice `bytes` is held. Has no limit itself: its user checks `bytes`.
 */

/** A shorter slice is copied, because its view costs too much. */
const small = 512
/** A slice of at least this length is never copied: chunks are bounded, so it pins little else. */
const large = 16_384
/** Size of a buffer into which slices are copied. */
const roomSize = 8_192

const empty = new Uint8Array(0)

/** Joins slices; returns a single one as it is. */
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
  /** Buffer for copies. Bytes of it that were handed out are never written again. */
  private room: Uint8Array | undefined = undefined
  /** Fill level of `room`, and the part of it that is already in `parts`. */
  private filled = 0
  private listed = 0

  push(slice: Uint8Array): void {
    // The first slice is usually taken before another comes.
    if (this.bytes > 0 && holdsMore(slice)) this.join(slice)
    else {
      this.list()
      this.parts.push(slice)
    }
    this.bytes += slice.length
  }

  /** Puts a piece before all others. */
  unshift(slice: Uint8Array): void {
    this.parts.unshift(slice)
    this.bytes += slice.length
  }

  /** Takes the first piece out. */
  shift(): Uint8Array | undefined {
    if (this.bytes === 0) return undefined
    if (this.parts.length === 0) this.list()
    const slice = this.parts.shift()!
    this.bytes -= slice.length
    if (this.bytes === 0) this.clear()
    return slice
  }

  /** Takes everything out. */
  takeAll(): Array<Uint8Array> {
    this.list()
    const parts = this.parts
    this.clear()
    return parts
  }

  /** Takes everything out, as one piece. */
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
