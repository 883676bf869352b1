// A chunk with its own `latin1Slice` is converted with this method. Any other chunk gives the same text.
import { describe, expect, it } from "vitest"
import { latin1, roomLike } from "../../../../src/wire/receive/fast/latin1.js"

const all = Uint8Array.from({ length: 10_000 }, (_, i) => i & 0xff)
const text = String.fromCharCode(...all)

describe.each<[kind: string, bytes: Uint8Array]>([
  ["a Buffer", Buffer.from(all)],
  ["bytes", all]
])("The text of %s", (_, bytes) => {
  it("has a character for each byte", () => {
    expect(latin1(bytes, 0, bytes.length)).toBe(text)
    expect(latin1(bytes, 0xf0, 0x110)).toBe(text.slice(0xf0, 0x110))
    expect(latin1(bytes, 3, 3)).toBe("")
  })

  it("roomLike allocates the same class", () => {
    expect(roomLike(bytes, 8).constructor).toBe(bytes.constructor)
  })
})

it("Node's Buffers have the conversion that is used", () => {
  const asked: Array<unknown> = []
  const bytes = Object.assign(Buffer.from("abc"), {
    latin1Slice: (...args: Array<unknown>) => {
      asked.push(args)
      return "<asked>"
    }
  })
  expect(latin1(bytes, 0, 3)).toBe("<asked>")
  expect(asked).toEqual([[0, 3]])
  expect("latin1Slice" in Buffer.prototype).toBe(true)
})
