// After `asksForNothing`, a stream whose owner pushes data unasked schedules no tick to call `_read`.
import { Readable } from "node:stream"
import { expect, it } from "vitest"
import { asksAgain, asksForNothing } from "../../../src/socket/fast/pushed.js"

const asked = async (prepare: (stream: Readable) => void) => {
  let reads = 0
  const stream = new Readable({
    read() {
      reads++
    }
  })
  prepare(stream)
  stream.push("x")
  await new Promise(setImmediate)
  return reads
}

it("never calls _read, and after asksAgain calls it like any other stream", async () => {
  expect(await asked(() => {})).toBe(1)
  expect(await asked(asksForNothing)).toBe(0)
  expect(
    await asked((stream) => {
      asksForNothing(stream)
      asksAgain(stream)
    })
  ).toBe(1)
})
