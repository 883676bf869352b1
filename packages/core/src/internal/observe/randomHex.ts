/**
 * Random hexadecimal digits for the ids of traces and spans. The digits are made in blocks, because making
 * them one by one would cost a tenth of a request's time.
 */

const digits = new Uint8Array(1536)
const decoder = new TextDecoder()
let block = ""
let used = 0
let source = Math.random

const fill = (): void => {
  source = Math.random
  for (let i = 0; i < digits.length;) {
    let bits = (Math.random() * 0x100000000) >>> 0
    for (let end = i + 8; i < end; i++) {
      const digit = bits & 15
      digits[i] = digit < 10 ? 48 + digit : 87 + digit
      bits >>>= 4
    }
  }
  block = decoder.decode(digits)
  used = 0
}

/** Returns `length` digits, at most 1,536. */
export const randomHex = (length: number): string => {
  // If `Math.random` was replaced, as in a simulation, drop the old digits: a seed must determine all digits.
  if (used + length > block.length || source !== Math.random) fill()
  used += length
  return block.slice(used - length, used)
}
