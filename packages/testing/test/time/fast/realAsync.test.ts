// Operations that complete outside of the program are reported. Operations that complete within the program
// are not.
import { readFile } from "node:fs/promises"
import { expect, it } from "vitest"
import * as Effect from "effect/Effect"
import { watch } from "../../../src/time/fast/realAsync.js"

const toldOf = async (begin: () => unknown) => {
  const told: Array<string> = []
  const watching = watch({
    turn: () => told.push("turn"),
    tick: () => told.push("tick"),
    real: (type) => told.push(type)
  })
  expect(watching.exact).toBe(true)
  await watching.run(begin)
  watching.stop()
  return told
}

it.each<[what: string, begin: () => unknown, told: ReadonlyArray<string>]>([
  ["a file", () => readFile(new URL(import.meta.url)).then(() => {}), ["FSREQPROMISE"]],
  ["a timer", () => clearTimeout(setTimeout(() => {}, 1)), ["Timeout"]],
  ["an immediate", () => clearImmediate(setImmediate(() => {})), ["turn"]],
  ["a tick", () => process.nextTick(() => {}), ["tick"]],
  ["a promise", () => Promise.resolve(), []],
  ["a line that is printed", () => void console.error, []]
])("%s", async (_, begin, told) => {
  const all = await toldOf(begin)
  if (told.length === 0) expect(all).toEqual([])
  else expect(all).toEqual(expect.arrayContaining([...told]))
})

it("the timer with which `Effect.never` keeps the process alive is not reported", async () => {
  const told = await toldOf(() => {
    const fiber = Effect.runFork(Effect.never)
    fiber.unsafeInterruptAsFork(fiber.id())
  })
  expect(told).not.toContain("Timeout")
})

it("nothing is reported after the watch has stopped", async () => {
  const told: Array<string> = []
  const watching = watch({ turn: () => {}, tick: () => {}, real: (type) => told.push(type) })
  watching.stop()
  watching.stop()
  watching.run(() => clearTimeout(setTimeout(() => {}, 1)))
  expect(told).toEqual([])
})
