/** Outgoing bodies are framed, compared with the length that their head announced, and never truncated. */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  BodyWriter,
  checkTrailerName,
  checkTrailers,
  isTrailerName,
  type Framing,
  type Part,
  type Violation
} from "@httpfx/core/wire"

/** A violation without its tag. */
type Facts<V = Violation> = V extends unknown ? Omit<V, "_tag"> : never

const bytes = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0))
const textOf = (part: Part) => (typeof part === "string" ? part : String.fromCharCode(...part))

const writerOf = (framing: Framing) => {
  const parts: Array<Part> = []
  const writer = new BodyWriter(framing)
  const sink = (part: Part) => void parts.push(part)
  return {
    writer,
    parts,
    write: (part: Part) => writer.write(part, sink),
    end: (trailers?: ReadonlyArray<string>) => writer.end(trailers, sink),
    sent: () => parts.map(textOf).join("")
  }
}
const codeOf = (violation: Violation | undefined) => violation?.code

describe("a body of announced length", () => {
  it("passes through unchanged", () => {
    const { end, parts, write, writer } = writerOf({ _tag: "Length", length: 5 })
    const slice = bytes("abc")
    expect(write(slice)).toBe(undefined)
    expect(write("de")).toBe(undefined)
    expect(end()).toBe(undefined)
    expect(parts[0]).toBe(slice)
    expect(parts.length).toBe(2)
    expect(writer.written).toBe(5)
    expect(writer.ended).toBe(true)
  })

  it("refuses a write beyond its length as a whole, with the number of bytes", () => {
    const { sent, write, writer } = writerOf({ _tag: "Length", length: 3 })
    write("ab")
    expect(write("cd")).toEqual({
      _tag: "Violation",
      code: "ERR_HTTP_CONTENT_LENGTH_MISMATCH",
      declared: 3,
      actual: 4
    })
    expect(sent()).toBe("ab")
    expect(writer.written).toBe(2)
  })

  it("refuses to end early", () => {
    const { end, write, writer } = writerOf({ _tag: "Length", length: 3 })
    write("ab")
    expect(end()).toEqual({
      _tag: "Violation",
      code: "ERR_HTTP_CONTENT_LENGTH_MISMATCH",
      declared: 3,
      actual: 2
    })
    expect(writer.ended).toBe(false)
    expect(write("c")).toBe(undefined)
    expect(end()).toBe(undefined)
  })
})

describe("a chunked body", () => {
  it("consists of chunks, the last chunk and trailers (RFC 9112 §7.1)", () => {
    const { end, parts, sent, write } = writerOf({ _tag: "Chunked" })
    const slice = bytes("x".repeat(26))
    write("abc")
    write(slice)
    end(["Digest", "q", "X-B", ""])
    expect(sent()).toBe(`3\r\nabc\r\n1a\r\n${"x".repeat(26)}\r\n0\r\nDigest: q\r\nX-B: \r\n\r\n`)
    // A text and its framing become one part. Bytes are a separate part, and are not copied.
    expect(parts.slice(0, 4)).toEqual(["3\r\nabc\r\n", "1a\r\n", slice, "\r\n"])
    expect(parts[2]).toBe(slice)
  })

  it("has no empty chunk except the last", () => {
    const { end, sent, write } = writerOf({ _tag: "Chunked" })
    write("")
    write(new Uint8Array(0))
    expect(sent()).toBe("")
    end()
    expect(sent()).toBe("0\r\n\r\n")
  })

  it.each([
    ["a name that is not a token", ["a b", "1"], "ERR_INVALID_HTTP_TOKEN"],
    ["a value with a line break", ["a", "1\r\nb: 2"], "ERR_INVALID_CHAR"],
    ["a name without a value", ["a"], "ERR_HTTP_INVALID_HEADER_VALUE"],
    ["framing", ["Content-Length", "1"], "ERR_HTTP_TRAILER_INVALID"],
    [
      "a framing field after valid ones",
      ["a", "1", "transfer-encoding", "chunked"],
      "ERR_HTTP_TRAILER_INVALID"
    ],
    ["routing", ["HOST", "a"], "ERR_HTTP_TRAILER_INVALID"]
  ])("refuses %s in trailers, and sends nothing of the end", (_, trailers, code) => {
    const { end, sent } = writerOf({ _tag: "Chunked" })
    expect(codeOf(end(trailers))).toBe(code)
    expect(sent()).toBe("")
    expect(end()).toBe(undefined)
  })
})

describe("a body until the connection closes", () => {
  it("passes through with any length", () => {
    const { end, sent, write } = writerOf({ _tag: "UntilClose" })
    write("ab")
    write("c")
    expect(codeOf(end(["a", "1"]))).toBe("ERR_HTTP_TRAILER_INVALID")
    expect(end()).toBe(undefined)
    expect(sent()).toBe("abc")
  })
})

describe("no body", () => {
  it("refuses every byte", () => {
    const { end, sent, write } = writerOf({ _tag: "None" })
    expect(write("")).toBe(undefined)
    expect(codeOf(write("a"))).toBe("ERR_HTTP_BODY_NOT_ALLOWED")
    expect(codeOf(end(["a", "1"]))).toBe("ERR_HTTP_TRAILER_INVALID")
    expect(end([])).toBe(undefined)
    expect(sent()).toBe("")
  })
})

describe("every body", () => {
  const framing: fc.Arbitrary<Framing> = fc.oneof(
    fc.constantFrom<Framing>({ _tag: "None" }, { _tag: "Chunked" }, { _tag: "UntilClose" }),
    fc.nat({ max: 30 }).map((length): Framing => ({ _tag: "Length", length }))
  )

  it("refuses everything after its end", () => {
    fc.assert(
      fc.property(framing, (framing) => {
        const { end, sent, write } = writerOf(framing)
        if (framing._tag === "Length") write("x".repeat(framing.length))
        expect(end()).toBe(undefined)
        const before = sent()
        expect(codeOf(write("a"))).toBe("ERR_STREAM_WRITE_AFTER_END")
        expect(codeOf(write(""))).toBe("ERR_STREAM_WRITE_AFTER_END")
        expect(codeOf(end())).toBe("ERR_STREAM_WRITE_AFTER_END")
        expect(sent()).toBe(before)
      })
    )
  })

  it("with announced length is exactly that long, or refused", () => {
    fc.assert(
      fc.property(fc.nat({ max: 30 }), fc.array(fc.nat({ max: 12 })), (length, sizes) => {
        const { end, sent, write } = writerOf({ _tag: "Length", length })
        for (const size of sizes) write("x".repeat(size))
        const refused = end()
        if (refused === undefined) expect(sent().length).toBe(length)
        else expect(sent().length).toBeLessThan(length)
      })
    )
  })
})

describe("names of trailers", () => {
  const never =
    "authorization cache-control connection content-encoding content-length content-range content-type cookie expect host " +
    "keep-alive max-forwards proxy-authenticate proxy-authorization proxy-connection range set-cookie te trailer " +
    "transfer-encoding upgrade www-authenticate"

  it.each(never.split(" "))("%s must not come after the content (RFC 9110 §6.5.1)", (lower) => {
    for (const name of [lower, lower.toUpperCase()]) {
      const refused = { _tag: "Violation", code: "ERR_HTTP_TRAILER_INVALID", name }
      expect(isTrailerName(name)).toBe(false)
      expect(checkTrailerName(name)).toEqual(refused)
      expect(checkTrailers(["a", "1", name, "2"])).toEqual(refused)
    }
  })

  it.each(["ETag", "Server-Timing", "Digest", "grpc-status", "date", "allow"])(
    "%s may come after the content",
    (name) => {
      expect(isTrailerName(name)).toBe(true)
      expect(checkTrailerName(name)).toBe(undefined)
      expect(checkTrailers([name, "1"])).toBe(undefined)
    }
  )

  it.each<[string, ReadonlyArray<string>, Facts]>([
    [
      "a name that is not a token",
      ["a b", "1"],
      { code: "ERR_INVALID_HTTP_TOKEN", what: "Trailer name", value: "a b" }
    ],
    ["no name", ["", "1"], { code: "ERR_INVALID_HTTP_TOKEN", what: "Trailer name", value: "" }],
    [
      "a value with a line break",
      ["a", "1\n"],
      { code: "ERR_INVALID_CHAR", what: "trailer content", name: "a" }
    ],
    ["a name without a value", ["a"], { code: "ERR_HTTP_INVALID_HEADER_VALUE", name: "a", value: undefined }]
  ])("%s is told with its facts", (_, trailers, violation) => {
    expect(checkTrailers(trailers)).toEqual({ _tag: "Violation", ...violation })
    expect(writerOf({ _tag: "Chunked" }).end(trailers)).toEqual({ _tag: "Violation", ...violation })
    if (violation.code === "ERR_INVALID_HTTP_TOKEN")
      expect(checkTrailerName(trailers[0]!)).toEqual({ _tag: "Violation", ...violation })
  })

  it("may be empty", () => expect(checkTrailers([])).toBe(undefined))
})
