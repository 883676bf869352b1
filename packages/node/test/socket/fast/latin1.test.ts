// Bytes are decoded as latin1 without a Buffer.
import { expect, it } from "vitest"
import { latin1Of } from "../../../src/socket/fast/latin1.js"

it("decodes each byte to one character, also of a view", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
  expect(latin1Of(bytes)).toBe(Buffer.from(bytes).toString("latin1"))
  expect(latin1Of(bytes.subarray(65, 68))).toBe("ABC")
})

it("Buffers have the method that decodes latin1", () => {
  expect((Buffer.prototype as unknown as Record<string, unknown>)["latin1Slice"]).toBeTypeOf("function")
})
