/**
 * The `Date` of messages: the example of the RFC, the ends of the calendar, and comparison with JavaScript's
 * `Date`.
 */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { httpDate } from "@httpfx/core/wire"

describe("httpDate", () => {
  it("prints the example of RFC 9110 §5.6.7", () => {
    expect(httpDate(784_111_777_000)).toBe("Sun, 06 Nov 1994 08:49:37 GMT")
  })

  it.each([
    ["the epoch", 0],
    ["the second before the epoch", -1],
    ["29 February of a century", Date.UTC(2000, 1, 29)],
    ["the end of February of a century that is not a leap year", Date.UTC(2100, 2, 1) - 1],
    ["the last day of a leap year", Date.UTC(2024, 11, 31, 23, 59, 59, 999)],
    ["the last year of four digits", Date.UTC(9999, 11, 31, 23, 59, 59)],
    ["the first year of five digits", Date.UTC(10_000, 0, 1)],
    ["a year before 1", -1e14]
  ])("%s", (_, now) => {
    expect(httpDate(now)).toBe(new Date(now).toUTCString())
  })

  it("equals Date.prototype.toUTCString", () => {
    fc.assert(
      fc.property(fc.integer({ min: -8.64e15, max: 8.64e15 }), (now) => {
        expect(httpDate(now)).toBe(new Date(now).toUTCString())
      }),
      { numRuns: 2000 }
    )
  })

  it("caches one second, not longer", () => {
    const now = 1_700_000_000_000
    const first = httpDate(now)
    expect(httpDate(now + 999)).toBe(first)
    expect(httpDate(now + 1000)).not.toBe(first)
    expect(httpDate(now)).toBe(first)
  })
})
