// A stream returns to its initial state, in which a `data` listener makes it flow.
import { PassThrough } from "node:stream"
import { expect, it } from "vitest"
import { stopFlowing } from "../../../src/socket/fast/flowing.js"

it("a stream waits for the next data listener, which makes it flow", async () => {
  const stream = new PassThrough()
  stream.resume()
  stopFlowing(stream)
  expect(stream.readableFlowing).toBeNull()
  stream.write("abc")
  await new Promise(setImmediate)
  const received = new Promise((resolve) => stream.once("data", resolve))
  expect(String(await received)).toBe("abc")
})

it("also works after pause(), after which a later listener would get no data", async () => {
  const stream = new PassThrough()
  stream.pause()
  stopFlowing(stream)
  const received = new Promise((resolve) => stream.once("data", resolve))
  stream.write("abc")
  expect(String(await received)).toBe("abc")
})
