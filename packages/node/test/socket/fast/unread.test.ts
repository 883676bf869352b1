// An unread stream immediately gets the state that it has after its last event.
import { Readable } from "node:stream"
import { expect, it } from "vitest"
import { isResuming, isUnobserved, markEnded } from "../../../src/socket/fast/unread.js"

const make = () => new Readable({ read() {} })

const stateOf = ({ closed, destroyed, readableEnded }: Readable) => ({ closed, destroyed, readableEnded })

it("a marked stream has the state after its last event", async () => {
  const [marked, read] = [make(), make()]
  markEnded(marked)
  read.resume().push(null)
  await new Promise((resolve) => read.once("close", resolve))
  expect(stateOf(marked)).toEqual(stateOf(read))
  expect(marked.destroy()).toBe(marked)
})

it("a stream is unobserved without listeners and buffered bytes, and resumes from its first data listener on", () => {
  const stream = make()
  expect([isUnobserved(stream), isResuming(stream)]).toEqual([true, false])
  stream.on("end", () => {})
  expect(isUnobserved(stream)).toBe(false)
  stream.on("data", () => {})
  expect(isResuming(stream)).toBe(true)
  const full = make()
  full.push("x")
  expect(isUnobserved(full)).toBe(false)
})

it("a stream without the expected internals is read to its end", () => {
  const other = {} as Readable
  markEnded(other)
  expect([isUnobserved(other), isResuming(other)]).toEqual([false, false])
})
