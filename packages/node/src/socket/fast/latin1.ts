/**
 * Decodes bytes as latin1. Calls the method behind `buffer.toString("latin1")`, because the method also works
 * on a `Uint8Array` that is not a Buffer.
 */
interface Slicing {
  readonly latin1Slice?: (this: Uint8Array, start: number, end: number) => string
}
const { latin1Slice } = Buffer.prototype as unknown as Slicing

export const latin1Of: (bytes: Uint8Array) => string =
  latin1Slice === undefined
    ? (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1")
    : (bytes) => latin1Slice.call(bytes, 0, bytes.length)
