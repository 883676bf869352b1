// A stream returns to its initial state, without a consumer.
import { PassThrough } from "node:stream"
import { expect, it } from "vitest"
import { stopFlowing } from "../../../src/socket/fast/flowing.js"

it("waits for the next listener, which makes it flow", async () => {
  const stream = new PassThrough()
  stream.resume()
  stopFlowing(stream)
  expect(stream.readableFlowing).toBeNull()
  stream.write("abc")
  await new Promise(setImmediate)
  const received = new Promise((resolve) => stream.once("data", resolve))
  expect(String(await received)).toBe("abc")
})

it("after a pause too, which would keep a later listener from getting data", async () => {
  const stream = new PassThrough()
  stream.pause()
  stopFlowing(stream)
  const received = new Promise((resolve) => stream.once("data", resolve))
  stream.write("abc")
  expect(String(await received)).toBe("abc")
})
