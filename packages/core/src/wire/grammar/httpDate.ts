/**
 * Reads HTTP-dates (RFC 9110 §5.6.7): IMF-fixdate, and the obsolete formats of RFC 850 and asctime.
 *
 * Never reads a clock: the caller passes `now`, which decides the century of a two-digit year. Accepts any
 * name of a weekday, because the weekday adds nothing to the date.
 *
 * @since 0.1.0
 */

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
const month = `(${months.join("|")})`
const short = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
const long = "(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)"
const time = "(\\d{2}):(\\d{2}):(\\d{2})"

const imfFixdate = new RegExp(`^${short}, (\\d{2}) ${month} (\\d{4}) ${time} GMT$`)
const rfc850 = new RegExp(`^${long}, (\\d{2})-${month}-(\\d{2}) ${time} GMT$`)
const asctime = new RegExp(`^${short} ${month} ([ \\d]\\d) ${time} (\\d{4})$`)

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)

// Days from 1970-01-01 to the first day of the year.
const daysBefore = (year: number): number => {
  const past = year - 1
  return 365 * (year - 1970) + Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400) - 477
}

const instant = (
  year: number,
  monthName: string,
  day: string,
  hour: string,
  minute: string,
  second: string
): number | undefined => {
  const lengths = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  const index = months.indexOf(monthName)
  if (+day < 1 || +day > lengths[index]! || +hour > 23 || +minute > 59 || +second > 60) return undefined
  let days = daysBefore(year) + +day - 1
  for (let month = 0; month < index; month++) days += lengths[month]!
  // A leap second counts as the second before it.
  return (days * 86_400 + +hour * 3600 + +minute * 60 + Math.min(+second, 59)) * 1000
}

// The average Gregorian year, ms.
const yearLength = 31_556_952_000

/**
 * Returns the date in milliseconds since 1970; `undefined` if the text is not an HTTP-date. A two-digit year
 * that appears to be more than 50 years after `now` belongs to the past (RFC 9110 §5.6.7).
 *
 * @since 0.1.0
 * @category decoding
 */
export const parseHttpDate = (text: string, now: number): number | undefined => {
  const fixed = imfFixdate.exec(text)
  if (fixed !== null) return instant(+fixed[3]!, fixed[2]!, fixed[1]!, fixed[4]!, fixed[5]!, fixed[6]!)
  const c = asctime.exec(text)
  if (c !== null) return instant(+c[6]!, c[1]!, c[2]!.trim(), c[3]!, c[4]!, c[5]!)
  const old = rfc850.exec(text)
  if (old === null) return undefined
  const at = (year: number) => instant(year, old[2]!, old[1]!, old[4]!, old[5]!, old[6]!)
  // The latest year with these two digits that begins at most 50 years after the year of `now`.
  const newest = 1970 + Math.floor(now / yearLength) + 50
  const year = newest - ((((newest - +old[3]!) % 100) + 100) % 100)
  const date = at(year)
  if (date === undefined) return at(year - 100)
  // If the date is 29 February, the year 50 years earlier lacks this day.
  const before = at(year - 50) ?? date - 50 * yearLength
  return before <= now ? date : at(year - 100)
}
