/** HTTP-dates (RFC 9110 §5.6.7). The parser accepts three formats and refuses everything else. */
import { assert, describe, it } from "@effect/vitest"
import { httpDate, parseHttpDate } from "@httpfx/core/wire"
import * as fc from "effect/FastCheck"

const now = Date.UTC(2026, 11, 1)
const instant = Date.UTC(1994, 10, 6, 8, 49, 37)

const dates: Record<string, number | undefined> = {
  "Sun, 06 Nov 1994 08:49:37 GMT": instant,
  "Sunday, 06-Nov-94 08:49:37 GMT": instant,
  "Sun Nov  6 08:49:37 1994": instant,
  "Wed Nov 16 08:49:37 1994": instant + 10 * 86_400_000,
  // A wrong day of the week is accepted.
  "Mon, 06 Nov 1994 08:49:37 GMT": instant,
  "Thu, 29 Feb 2024 00:00:00 GMT": Date.UTC(2024, 1, 29),
  "Sat, 31 Dec 2016 23:59:60 GMT": Date.UTC(2016, 11, 31, 23, 59, 59),
  "Mon, 01 Jan 0001 00:00:00 GMT": -62_135_596_800_000,
  // Years of two digits. Such a year is at most 50 years in the future.
  "Tuesday, 01-Dec-76 00:00:00 GMT": Date.UTC(2076, 11, 1),
  "Wednesday, 02-Dec-76 00:00:00 GMT": Date.UTC(1976, 11, 2),
  "Friday, 01-Jan-77 00:00:00 GMT": Date.UTC(1977, 0, 1),
  "Thursday, 01-Jan-26 00:00:00 GMT": Date.UTC(2026, 0, 1),
  "Saturday, 01-Jan-00 00:00:00 GMT": Date.UTC(2000, 0, 1),
  // Days and times that do not exist.
  "Sun, 31 Feb 1994 08:49:37 GMT": undefined,
  "Wed, 29 Feb 2023 00:00:00 GMT": undefined,
  "Sun, 00 Nov 1994 08:49:37 GMT": undefined,
  "Sun, 06 Nov 1994 24:00:00 GMT": undefined,
  "Sun, 06 Nov 1994 08:60:37 GMT": undefined,
  "Sun, 06 Nov 1994 08:49:61 GMT": undefined,
  // Texts that look like dates.
  "": undefined,
  "0": undefined,
  "1994-11-06T08:49:37Z": undefined,
  "Sun, 6 Nov 1994 08:49:37 GMT": undefined,
  "Sun, 06 Nov 94 08:49:37 GMT": undefined,
  "Sun, 06 Nov 1994 08:49:37": undefined,
  "Sun, 06 Nov 1994 08:49:37 UTC": undefined,
  "Sun, 06 Nov 1994 08:49:37 +0100": undefined,
  "sun, 06 nov 1994 08:49:37 gmt": undefined,
  " Sun, 06 Nov 1994 08:49:37 GMT": undefined,
  "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT": undefined,
  "Sun, 06-Nov-94 08:49:37 GMT": undefined,
  "Sun Nov 06 08:49:37 1994 GMT": undefined,
  "Sun Nov 6 08:49:37 1994": undefined
}

describe("parseHttpDate", () => {
  it.each(Object.entries(dates))("%j", (text, expected) => {
    assert.strictEqual(parseHttpDate(text, now), expected)
  })

  it("reads what httpDate writes", () => {
    const seconds = fc.integer({ min: -62_135_596_800, max: 253_402_300_799 })
    fc.assert(fc.property(seconds, (second) => parseHttpDate(httpDate(second * 1000), now) === second * 1000))
  })
})
