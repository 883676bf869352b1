/**
 * Random hexadecimal digits for the ids of traces and spans. Made in blocks, because digits made one by one
 * would cost a tenth of a request.
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

/** Returns that many digits, at most 1,536. */
export const randomHex = (length: number): string => {
  // A simulation replaces `Math.random`, and its digits must come from its seed alone.
  if (used + length > block.length || source !== Math.random) fill()
  used += length
  return block.slice(used - length, used)
}
