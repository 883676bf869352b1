// The `writableHighWaterMark` of an existing stream can be changed.
import { PassThrough } from "node:stream"
import { expect, it } from "vitest"
import { setHighWaterMark } from "../../../src/socket/fast/highWaterMark.js"

it("the new mark applies from the next write on", () => {
  const stream = new PassThrough({ highWaterMark: 100, readableHighWaterMark: 1 })
  stream.cork()
  setHighWaterMark(stream, 3)
  expect([stream.writableHighWaterMark, stream.write("ab"), stream.write("cd")]).toEqual([3, true, false])
})

it("a stream without the expected internals is not changed", () => {
  expect(() => setHighWaterMark({} as never, 3)).not.toThrow()
})
