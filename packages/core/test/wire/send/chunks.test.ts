/** The chunked coding, and the comparison of a body with its length. */
import { describe, expect, it } from "vitest"
import { checkLength, chunkedWhole, chunkSize, lastChunk } from "@httpfx/core/wire"

describe("chunks", () => {
  it.each([
    [1, "1"],
    [10, "a"],
    [255, "ff"],
    [65_536, "10000"]
  ])("size %d: %s", (bytes, size) => expect(chunkSize(bytes)).toBe(size))

  it("the last one is followed by the trailers", () => {
    expect(lastChunk("")).toBe("0\r\n\r\n")
    expect(lastChunk("a: b\r\n")).toBe("0\r\na: b\r\n\r\n")
  })

  it("a whole body as one chunk", () => {
    expect(chunkedWhole("0123456789", "")).toBe("a\r\n0123456789\r\n0\r\n\r\n")
    expect(chunkedWhole("x", "a: b\r\n")).toBe("1\r\nx\r\n0\r\na: b\r\n\r\n")
  })
})

describe("checkLength", () => {
  it.each([
    [5, 4, false, true],
    [5, 5, false, true],
    [5, 6, false, false],
    [5, 4, true, false],
    [5, 5, true, true],
    [5, 6, true, false],
    [0, 0, true, true],
    [NaN, 0, true, false]
  ])("%d announced, %d written, at the end %j: fits %j", (declared, written, ends, fits) => {
    const mismatch = {
      _tag: "Violation",
      code: "ERR_HTTP_CONTENT_LENGTH_MISMATCH",
      declared,
      actual: written
    }
    expect(checkLength(declared, written, ends)).toEqual(fits ? undefined : mismatch)
  })
})
