/**
 * Bodies that are computed from an id and a size, and their hashes.
 *
 * The bytes look like HTTP messages, so that a parser that starts at a wrong offset finds a wrong response
 * and not a parse error.
 */

const stranger =
  "HTTP/1.1 200 OK\r\nX-ID: stranger\r\nContent-Length: 5\r\n\r\nwrong" +
  "POST /0/bytes/3/0/1 HTTP/1.1\r\nHost: stock\r\nX-ID: stranger\r\nContent-Length: 3\r\n\r\nbad0\r\n\r\n"
const largest = 128 * 1024
const block = new Uint8Array(
  Buffer.from(stranger.repeat(Math.ceil((2 * largest) / stranger.length)), "latin1")
)

// The FNV-1a hash, over words of four bytes.
const basis = 0x811c9dc5
const mix = (hash: number, word: number) => Math.imul(hash ^ word, 0x01000193)

const hashOf = (bytes: Uint8Array): string => {
  const words = bytes.length >> 2
  const view = new Int32Array(bytes.buffer, bytes.byteOffset, words)
  let hash = basis
  for (let index = 0; index < words; index++) hash = mix(hash, view[index]!)
  for (let index = 4 * words; index < bytes.length; index++) hash = mix(hash, bytes[index]!)
  return (hash >>> 0).toString(16)
}

/** Returns whether the bytes are exactly those of the body. */
export const isBody = (bytes: Uint8Array, body: Body): boolean => Buffer.compare(bytes, body.bytes) === 0

const seedOf = (id: string): number => {
  let hash = basis
  for (let index = 0; index < id.length; index++) hash = mix(hash, id.charCodeAt(index))
  return hash >>> 0
}

export interface Body {
  /** The bytes are shared and must not be changed. */
  readonly bytes: Uint8Array
  readonly hash: string
}

const make = (id: string, size: number): Body => {
  const from = seedOf(id) % largest
  const bytes = block.slice(from, from + size)
  for (let index = 0; index < Math.min(id.length, size); index++) bytes[index] = id.charCodeAt(index)
  return { bytes, hash: hashOf(bytes) }
}

// Cache bodies, because all parties of a request need the same bodies within a short time.
const kept = new Map<string, Body>()
const mostKept = 64

/**
 * Returns the body of this size for an id. It starts with the id, and continues with a piece of a block that
 * depends on the id.
 */
export const bodyOf = (id: string, size: number): Body => {
  const key = `${id}/${size}`
  const known = kept.get(key)
  if (known !== undefined) return known
  const body = make(id, size)
  kept.set(key, body)
  if (kept.size > mostKept) kept.delete(kept.keys().next().value!)
  return body
}
