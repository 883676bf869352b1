/**
 * `http.websocketMask` and `http.websocketUnmask`. They mask and unmask WebSocket frames (RFC 6455 §5.3) in
 * any `ArrayBufferView`.
 */
import { invalidArgType, invalidArgValue, outOfRange } from "./errors.js"
import { validateInteger } from "./validate.js"

const bytesOf = (value: unknown, name: string): Uint8Array => {
  if (!ArrayBuffer.isView(value)) throw invalidArgType(name, ["Buffer", "TypedArray", "DataView"], value)
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
}

const keyOf = (value: unknown): Uint8Array => {
  const key = bytesOf(value, "mask")
  if (key.length !== 4) throw invalidArgValue("mask", value, "must be 4 bytes long")
  return key
}

/**
 * XORs the first `length` bytes of `source` with the repeated key. Writes the result to `output`, starting at
 * `offset`.
 */
export function websocketMask(
  source: unknown,
  mask: unknown,
  output: unknown,
  offset: number,
  length: number
): void {
  const from = bytesOf(source, "source")
  const key = keyOf(mask)
  const to = bytesOf(output, "output")
  validateInteger(offset, "offset", 0, to.length)
  validateInteger(length, "length", 0, from.length)
  if (length > to.length - offset) throw outOfRange("length", `<= ${to.length - offset}`, length)
  for (let i = 0; i < length; i++) to[offset + i] = from[i]! ^ key[i & 3]!
}

/** Unmasks a buffer in place. */
export function websocketUnmask(buffer: unknown, mask: unknown): void {
  const bytes = bytesOf(buffer, "buffer")
  const key = keyOf(mask)
  for (let i = 0; i < bytes.length; i++) bytes[i]! ^= key[i & 3]!
}
