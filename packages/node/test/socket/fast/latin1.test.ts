// Decodes bytes without a Buffer.
import { expect, it } from "vitest"
import { latin1Of } from "../../../src/socket/fast/latin1.js"

it("each byte becomes a character, also from a view", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
  expect(latin1Of(bytes)).toBe(Buffer.from(bytes).toString("latin1"))
  expect(latin1Of(bytes.subarray(65, 68))).toBe("ABC")
})

it("Buffers have the internal method", () => {
  expect((Buffer.prototype as unknown as Record<string, unknown>)["latin1Slice"]).toBeTypeOf("function")
})
