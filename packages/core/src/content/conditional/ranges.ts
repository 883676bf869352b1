/**
 * Byte ranges of a request (RFC 9110 §14.1, §14.2): reads `Range` and applies it to a representation of known
 * size.
 *
 * The result never exceeds the representation, because overlapping ranges are joined. Ranges with a gap
 * smaller than the head of another part are joined, too.
 */

import { trimBlanks } from "../../wire/index.js"

/** A range of bytes. `length` is at least 1. */
export interface ByteRange {
  readonly offset: number
  readonly length: number
}

// The approximate size of a part's head in multipart/byteranges.
const partOverhead = 80

const spec = /^(\d*)-(\d*)$/

interface Numbered {
  readonly order: number
  readonly start: number
  readonly end: number
}

/**
 * Returns the ranges to send, in the order of the request. Returns `NotSatisfiable` if no range selects a
 * byte. Returns `Ignored` if the whole representation must be sent. This is so if the field is malformed, has
 * another unit or more than `max` ranges, or selects the end of an empty representation.
 */
export const selectRanges = (
  field: string,
  size: number,
  max: number
): ReadonlyArray<ByteRange> | "Ignored" | "NotSatisfiable" => {
  if (field.slice(0, 6).toLowerCase() !== "bytes=") return "Ignored"
  const found: Array<Numbered> = []
  let count = 0
  for (const element of field.slice(6).split(",")) {
    const text = trimBlanks(element)
    if (text === "") continue
    if (++count > max) return "Ignored"
    const [, first, last] = spec.exec(text) ?? []
    if (first === undefined || last === undefined || (first === "" && last === "")) return "Ignored"
    if (first === "") {
      // A suffix range of an empty representation selects no byte, and Content-Range cannot express an empty
      // range.
      if (size === 0 && +last > 0) return "Ignored"
      if (+last > 0) found.push({ order: count, start: Math.max(0, size - +last), end: size })
    } else if (last !== "" && isLess(last, first)) return "Ignored"
    else if (+first < size)
      found.push({ order: count, start: +first, end: last === "" ? size : Math.min(+last + 1, size) })
  }
  if (count === 0) return "Ignored"
  return found.length === 0 ? "NotSatisfiable" : joined(found)
}

// Compares two decimal numbers of any length without loss of precision.
const isLess = (one: string, other: string): boolean => BigInt(one) < BigInt(other)

const joined = (found: Array<Numbered>): ReadonlyArray<ByteRange> => {
  found.sort((one, other) => one.start - other.start)
  const all: Array<Numbered> = []
  for (const range of found) {
    const last = all.at(-1)
    if (last === undefined || range.start > last.end + partOverhead) all.push(range)
    else
      all[all.length - 1] = {
        order: Math.min(last.order, range.order),
        start: last.start,
        end: Math.max(last.end, range.end)
      }
  }
  all.sort((one, other) => one.order - other.order)
  return all.map(({ end, start }) => ({ offset: start, length: end - start }))
}
