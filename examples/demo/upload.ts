/**
 * SHA-256 of a body while it arrives: one line per mebibyte, and the digest at the end. Holds one chunk at a
 * time.
 */
import { createHash } from "node:crypto"
import { Stream } from "effect"

const step = 1024 * 1024

export const digest = <E>(body: Stream.Stream<Uint8Array, E>): Stream.Stream<string, E> =>
  Stream.suspend(() => {
    const hash = createHash("sha256")
    let received = 0
    const progress = Stream.mapConcat(body, (chunk) => {
      const before = received
      hash.update(chunk)
      received += chunk.length
      const passed = Math.floor(received / step) > Math.floor(before / step)
      return passed ? [`received ${received} bytes\n`] : []
    })
    const result = Stream.sync(() => `sha256 ${hash.digest("hex")} of ${received} bytes\n`)
    return Stream.concat(progress, result)
  })
