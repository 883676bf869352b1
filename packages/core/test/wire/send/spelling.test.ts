/** The cache of field names. Each name is validated once, and the cache does not exceed its limits. */
import { describe, expect, it } from "vitest"
import { Spellings } from "@httpfx/core/wire"

/** A cache that records for which names `meaning` was called. */
const counted = () => {
  const asked: Array<string> = []
  const spellings = new Spellings((lower) => {
    asked.push(lower)
    return lower.length
  })
  return { asked, spellings }
}

describe("a spelling", () => {
  it("is classified once, in lower case", () => {
    const { asked, spellings } = counted()
    const first = spellings.of("X-Abc")
    expect(first).toMatchObject({ valid: true, lower: "x-abc", meaning: 5, value: undefined, line: "" })
    expect(spellings.of("X-Abc")).toBe(first)
    expect(spellings.of("x-abc")).not.toBe(first)
    expect(asked).toEqual(["x-abc", "x-abc"])
  })

  it.each(["", "a b", "\u00e9", "a:"])(
    "that is not a token (%j) has no meaning and is not cached",
    (name) => {
      const { asked, spellings } = counted()
      const first = spellings.of(name)
      expect(first).toMatchObject({ valid: false, lower: "", meaning: 0 })
      expect(spellings.of(name)).not.toBe(first)
      expect(asked).toEqual([])
    }
  )

  it.each([
    [64, true],
    [65, false]
  ])("of %i characters is kept: %s", (length, kept) => {
    const { spellings } = counted()
    const name = "x".repeat(length)
    expect(spellings.of(name) === spellings.of(name)).toBe(kept)
  })

  it("is cached for 256 names, and created anew for others", () => {
    const { spellings } = counted()
    const names = Array.from({ length: 257 }, (_, index) => `x-${index}`)
    const first = names.map((name) => spellings.of(name))
    const again = names.map((name) => spellings.of(name))
    expect(again.map((one, index) => one === first[index])).toEqual(names.map((_, index) => index < 256))
  })

  it.each<[string | number, boolean]>([
    ["", true],
    ["v".repeat(128), true],
    ["v".repeat(129), false],
    [7, true]
  ])("keeps the last line of a value that is not long: %j", (value, kept) => {
    const spelling = counted().spellings.of("a")
    spelling.keep("before", "a: before\r\n")
    spelling.keep(value, "a: new\r\n")
    expect([spelling.value, spelling.line]).toEqual(
      kept ? [value, "a: new\r\n"] : ["before", "a: before\r\n"]
    )
  })
})
