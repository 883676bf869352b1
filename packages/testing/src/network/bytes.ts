/** Copies written bytes, so that one end of a memory connection cannot change the bytes of its peer. */

// Small writes are copied into a shared buffer (a slab). No part of a slab is ever reused, because the
// receiver may keep the bytes.
const slabSize = 32 * 1024
const largest = 4 * 1024
let slab = new Uint8Array(slabSize)
let used = 0

const allocate = (length: number): Uint8Array => {
  if (length > largest) return new Uint8Array(length)
  if (used + length > slabSize) {
    slab = new Uint8Array(slabSize)
    used = 0
  }
  const piece = slab.subarray(used, used + length)
  used += length
  return piece
}

const encoder = new TextEncoder()

const put = (target: Uint8Array, offset: number, data: string | Uint8Array): void => {
  if (typeof data !== "string") return target.set(data, offset)
  const { length } = data
  if (length > 32) {
    // `encodeInto` is faster than the loop below. Its result is correct if all characters are ASCII.
    const { read, written } = encoder.encodeInto(data, target.subarray(offset, offset + length))
    if (read === length && written === length) return
  }
  for (let index = 0; index < length; index++) target[offset + index] = data.charCodeAt(index)
}

/**
 * Copies the bytes of `data` (one per character) and of `body` into new memory, to which the caller has no
 * reference.
 */
export const copyOf = (data: string | Uint8Array, body?: Uint8Array): Uint8Array => {
  const bytes = allocate(data.length + (body === undefined ? 0 : body.length))
  put(bytes, 0, data)
  if (body !== undefined) bytes.set(body, data.length)
  return bytes
}

export const concat = (chunks: ReadonlyArray<Uint8Array>): Uint8Array => {
  const bytes = allocate(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return bytes
}

/** A queue of chunks that counts its bytes. */
export class ByteQueue {
  bytes = 0
  private chunks: Array<Uint8Array> = []
  private head = 0

  push(chunk: Uint8Array): void {
    this.chunks.push(chunk)
    this.bytes += chunk.length
  }

  /**
   * Removes the next chunk and returns it. From a chunk longer than `limit`, only the first `limit` bytes are
   * removed and returned. The queue must not be empty.
   */
  take(limit: number): Uint8Array {
    const chunk = this.chunks[this.head]!
    if (chunk.length > limit) {
      this.chunks[this.head] = chunk.subarray(limit)
      this.bytes -= limit
      return chunk.subarray(0, limit)
    }
    this.bytes -= chunk.length
    this.head++
    if (this.head === this.chunks.length) this.clear()
    else if (this.head >= 1024) {
      this.chunks = this.chunks.slice(this.head)
      this.head = 0
    }
    return chunk
  }

  /**
   * Removes the next `limit` bytes and returns them as one chunk. If the queue has fewer bytes, removes all.
   * The queue must not be empty.
   */
  gather(limit: number): Uint8Array {
    const parts = [this.take(limit)]
    for (let left = limit - parts[0]!.length; left > 0 && this.bytes > 0;) {
      const part = this.take(left)
      left -= part.length
      parts.push(part)
    }
    return parts.length === 1 ? parts[0]! : concat(parts)
  }

  clear(): void {
    this.chunks.length = 0
    this.head = 0
    this.bytes = 0
  }
}
