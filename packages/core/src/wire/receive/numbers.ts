/**
 * Reads lengths digit by digit, as Node's parser does. A length is an unsigned 64-bit number, and a digit
 * that makes it overflow is refused. A `number` is exact only up to 2^53-1, so larger lengths are also kept
 * as a bigint, which shows the overflow.
 */
import type { Machine } from "./machine.js"
import type { FlagName } from "../../model/flags.js"

const MAX = 0xffff_ffff_ffff_ffffn

/**
 * The result for a refused digit. `flag` is the flag that would have permitted the digit, if there is such a
 * flag.
 */
export interface Overflow {
  readonly flag: FlagName | undefined
}

const none: Overflow = { flag: undefined }
const long: Overflow = { flag: "longNumbers" }

/** Appends a decimal digit to `m.remaining`. Returns an `Overflow` if the digit is refused. */
export const addDecimal = (m: Machine, digit: number): Overflow | undefined => add(m, digit, 10, 20)

/** Appends a hexadecimal digit to `m.remaining`. Returns an `Overflow` if the digit is refused. */
export const addHex = (m: Machine, digit: number): Overflow | undefined => add(m, digit, 16, 16)

const add = (m: Machine, digit: number, base: 10 | 16, maxDigits: number): Overflow | undefined => {
  const next = m.remaining * base + digit
  if (++m.digits <= maxDigits && m.exact === undefined && next <= Number.MAX_SAFE_INTEGER) {
    m.remaining = next
    return undefined
  }
  const exact = (m.exact ?? BigInt(m.remaining)) * BigInt(base) + BigInt(digit)
  if (exact > MAX) return none
  if (!m.allows("longNumbers")) return long
  if (exact > BigInt(Number.MAX_SAFE_INTEGER)) m.exact = exact
  m.remaining = Number(exact)
  return undefined
}
