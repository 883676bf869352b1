/** What is remembered of field names: each is judged once, and none of it beyond its bounds. */
import { describe, expect, it } from "vitest"
import { Spellings } from "@httpfx/core/wire"

/** Spellings with a meaning of their own, and how often each was asked for. */
const counted = () => {
  const asked: Array<string> = []
  const spellings = new Spellings((lower) => {
    asked.push(lower)
    return lower.length
  })
  return { asked, spellings }
}

describe("a spelling", () => {
  it("is judged once, in lower case", () => {
    const { asked, spellings } = counted()
    const first = spellings.of("X-Abc")
    expect(first).toMatchObject({ valid: true, lower: "x-abc", meaning: 5, value: undefined, line: "" })
    expect(spellings.of("X-Abc")).toBe(first)
    expect(spellings.of("x-abc")).not.toBe(first)
    expect(asked).toEqual(["x-abc", "x-abc"])
  })

  it.each(["", "a b", "\u00e9", "a:"])("of what is no token (%j) has no meaning and is not kept", (name) => {
    const { asked, spellings } = counted()
    const first = spellings.of(name)
    expect(first).toMatchObject({ valid: false, lower: "", meaning: 0 })
    expect(spellings.of(name)).not.toBe(first)
    expect(asked).toEqual([])
  })

  it.each([
    [64, true],
    [65, false]
  ])("of %i characters is kept: %s", (length, kept) => {
    const { spellings } = counted()
    const name = "x".repeat(length)
    expect(spellings.of(name) === spellings.of(name)).toBe(kept)
  })

  it("is kept for 256 names, and made anew for more", () => {
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
