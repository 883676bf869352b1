// The hashes that Effect draws for objects use a separate sequence of random numbers.
import * as Hash from "effect/Hash"
import { expect, it } from "vitest"
import { seededRandom } from "../../../src/time/fast/seededRandom.js"

it("a hash does not take a number from the program's sequence", () => {
  const drawn = { numbers: 0, hashes: 0 }
  const random = Math.random
  Math.random = seededRandom(
    () => ++drawn.numbers / 10,
    () => ++drawn.hashes / 10
  )
  try {
    expect(Math.random()).toBe(0.1)
    Hash.hash({})
    expect(Math.random()).toBe(0.2)
  } finally {
    Math.random = random
  }
  expect(drawn).toEqual({ numbers: 2, hashes: 1 })
})
