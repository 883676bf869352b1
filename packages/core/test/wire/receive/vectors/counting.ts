/**
 * Chunks that count how often their bytes are read, and a function that measures the memory that a parser
 * keeps.
 */

export interface Reads {
  /** Number of reads of single bytes. */
  examined: number
  /** Number of bytes that were converted to text. */
  decoded: number
}

/** Creates a chunk that behaves like `bytes`, including `latin1Slice`, and counts reads. */
export const counting = (bytes: Buffer, reads: Reads): Uint8Array => {
  const latin1Slice = (start: number, end: number): string => {
    reads.decoded += end - start
    return bytes.toString("latin1", start, end)
  }
  return new Proxy(bytes, {
    get: (target, key) => {
      if (typeof key === "string" && key >= "0" && key <= "9~") {
        reads.examined++
        return target[Number(key)]
      }
      if (key === "latin1Slice") return latin1Slice
      if (key === "subarray") return (start: number, end: number) => target.subarray(start, end)
      return Reflect.get(target, key, target) as unknown
    }
  })
}

/**
 * Counts the characters, elements and bytes that are reachable from `root` through own properties. A view
 * counts with its whole buffer. The objects in `without`, which belong to the caller, do not count.
 */
export const kept = (root: object, without: ReadonlyArray<object>): number => {
  const seen = new Set<unknown>(without)
  const queue: Array<unknown> = [root]
  let size = 0
  for (let value = queue.pop(); value !== undefined; value = queue.pop()) {
    if (typeof value === "string") size += value.length
    if (typeof value !== "object" || value === null || seen.has(value)) continue
    seen.add(value)
    if (ArrayBuffer.isView(value)) {
      size += value.buffer.byteLength
      continue
    }
    if (Array.isArray(value)) size += value.length
    for (const key of Reflect.ownKeys(value)) {
      const property = Object.getOwnPropertyDescriptor(value, key)
      if (property?.value !== undefined && property.value !== null) queue.push(property.value)
    }
  }
  return size
}
