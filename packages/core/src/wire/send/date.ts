/**
 * Formats the `Date` of a message as IMF-fixdate (RFC 9110 §5.6.7). The input is a number of milliseconds
 * since 1970.
 *
 * Never reads a clock, because the caller passes `now`. Ignores time zones and leap seconds. Caches the last
 * formatted second.
 *
 * @since 0.1.0
 */

const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

const two = (n: number): string => (n < 10 ? `0${n}` : `${n}`)
const four = (n: number): string => (n < 0 ? `-${`${-n}`.padStart(4, "0")}` : `${n}`.padStart(4, "0"))

let formattedSecond = NaN
let formatted = ""

const format = (second: number): string => {
  const day = Math.floor(second / 86_400)
  const rest = second - day * 86_400
  // Convert a day number to a date. Day 0 is 1 March of year 0, and 400 years have 146 097 days. Years start
  // on 1 March, so that the leap day is the last day of a year.
  const shifted = day + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const dayOfMonth = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1
  const month = marchMonth < 10 ? marchMonth + 2 : marchMonth - 10
  const year = yearOfEra + era * 400 + (month < 2 ? 1 : 0)
  // Day 0, which is 1 January 1970, was a Thursday.
  const weekday = (((day + 4) % 7) + 7) % 7
  const hour = Math.floor(rest / 3600)
  const minute = Math.floor((rest - hour * 3600) / 60)
  return `${weekdays[weekday]}, ${two(dayOfMonth)} ${months[month]} ${four(year)} ${two(hour)}:${two(minute)}:${two(rest % 60)} GMT`
}

/**
 * Returns the value of a `Date` field, such as `Sun, 06 Nov 1994 08:49:37 GMT`. The format is that of
 * `Date.prototype.toUTCString`. `now` is in milliseconds since 1970-01-01T00:00:00Z and must be finite.
 * Fractions of a second are dropped.
 *
 * @since 0.1.0
 * @category encoding
 */
export const httpDate = (now: number): string => {
  const second = Math.floor(now / 1000)
  if (second !== formattedSecond) {
    formatted = format(second)
    formattedSecond = second
  }
  return formatted
}
