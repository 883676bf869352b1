// Coding and then decoding restores the content, however content and coded bytes are split.
import { describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as fc from "fast-check"
import * as zlib from "node:zlib"
import { expect } from "vitest"
import { decode, type Coding } from "../../src/content/decoders.js"
import { Encoders } from "../../src/content/encoders.js"

const codings = ["gzip", "br", ...("createZstdCompress" in zlib ? (["zstd"] as const) : [])] as const
const limits = { maxRatio: Infinity, maxSize: Infinity }
const joined = <E>(stream: Stream.Stream<Uint8Array, E>) =>
  Effect.map(Stream.runCollect(stream), (pieces) => Buffer.concat(Chunk.toReadonlyArray(pieces)))

const repeated = fc
  .tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.nat(20_000))
  .map(([bytes, times]) => Buffer.concat(Array.from({ length: times / bytes.length + 1 }, () => bytes)))
const pieces = fc.array(fc.array(fc.oneof(fc.uint8Array({ maxLength: 200 }), repeated), { maxLength: 3 }), {
  maxLength: 4
})

const cut = (bytes: Uint8Array, sizes: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const parts: Array<Uint8Array> = []
  let from = 0
  for (const size of sizes) {
    parts.push(bytes.subarray(from, from + size))
    from += size
  }
  return [...parts, bytes.subarray(from)]
}

describe("coding and decoding restore the content", () => {
  for (const coding of codings) {
    it.effect(coding, () =>
      Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(
            pieces,
            fc.array(fc.nat(300), { maxLength: 20 }),
            fc.boolean(),
            async (chunks, sizes, flush) => {
              const content = Buffer.concat(chunks.flat())
              const encoders = new Encoders({}, 1)
              const source = Stream.fromChunks(...chunks.map(Chunk.fromIterable))
              const streamed = await Effect.runPromise(joined(encoders.stream(coding, source, flush)))
              const whole = await Effect.runPromise(encoders.bytes(coding, content))
              expect(encoders.full).toBe(false)
              for (const coded of [streamed, whole]) {
                const back = decode(Stream.fromIterable(cut(coded, sizes)), [coding satisfies Coding], limits)
                expect((await Effect.runPromise(joined(back))).equals(content)).toBe(true)
              }
            }
          ),
          { numRuns: 30 }
        )
      )
    )
  }
})
