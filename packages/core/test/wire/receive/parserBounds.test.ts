/**
 * The work and the memory of the parser, counted instead of timed: how often it reads each byte of a stream,
 * for any split, and how much it keeps between two calls during an endless message.
 */
import { Body, type Limits, presets, RequestParser, ResponseParser } from "@httpfx/core/wire"
import { assert, describe, it } from "@effect/vitest"
import { generate } from "./differential/generate.js"
import { makeRandom } from "./differential/random.js"
import { presetNames } from "./vectors/document.js"
import { counting, kept, type Reads } from "./vectors/counting.js"

const seed = Number(process.env["HTTPFX_BOUNDS_SEED"] ?? Math.floor(Math.random() * 0x7fffffff))

const events = { head: () => Body.Read, data: () => undefined, complete: () => undefined }

const get = "GET / HTTP/1.1\r\nHost: a\r\n"
const chunked = `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`

const streams: Readonly<Record<string, string>> = {
  "small requests": `${get}\r\n`.repeat(60),
  "requests as small as can be": "GET / HTTP/1.1\r\nHost:\r\n\r\n".repeat(60),
  "line breaks": "\r\n".repeat(2000),
  "a long target": `GET /${"x".repeat(9000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
  "a long name": `${get}${"x".repeat(9000)}: a\r\n\r\n`,
  "a long value": `${get}A: ${"x".repeat(9000)}\r\n\r\n`,
  "a long value of blanks and letters": `${get}A: ${"x  \t".repeat(2000)}x\r\n\r\n`,
  "many short lines": `${get}${"A: b\r\n".repeat(1000)}\r\n`,
  "many lines without a value": `${get}${"A:\r\n".repeat(1000)}\r\n`,
  "lines after a run of spaces": `${get}${`A:${" ".repeat(99)}b\r\n`.repeat(50)}\r\n`,
  "lines before a run of spaces": `${get}${`A: b${" ".repeat(99)}\r\n`.repeat(50)}\r\n`,
  "names that differ from known ones in a letter": `${get}${"Content-Lengti: 1\r\nConnectioo: x\r\nUpgradf: y\r\n".repeat(90)}\r\n`,
  "options of Connection": `${get}${"Connection: keep-alive, x, upgrade\r\n".repeat(90)}\r\n`,
  "options that begin like known ones": `${get}${"Connection: closeX\r\nConnection: keep-alive\t\r\n".repeat(90)}\r\n`,
  "a body with a length": `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n${"x".repeat(9000)}`,
  "small bodies": "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi".repeat(60),
  "small chunks": `${chunked}${"1\r\nx\r\n".repeat(500)}0\r\n\r\n`,
  "a long size": `${chunked}${`${"0".repeat(15)}1\r\nx\r\n`.repeat(50)}0\r\n\r\n`,
  "a big chunk": `${chunked}2328\r\n${"x".repeat(9000)}\r\n0\r\n\r\n`,
  "a long extension": `${chunked}1;a=${"x".repeat(9000)}\r\nx\r\n0\r\n\r\n`,
  "a long quoted extension": `${chunked}1;a="${"x\\y".repeat(3000)}"\r\nx\r\n0\r\n\r\n`,
  "many extensions": `${chunked}1${";a=b".repeat(2000)}\r\nx\r\n0\r\n\r\n`,
  trailers: `${chunked}0\r\n${"A: b\r\n".repeat(1000)}\r\n`,
  "a long trailer": `${chunked}0\r\nA: ${"x".repeat(9000)}\r\n\r\n`
}

const read = (parser: RequestParser | ResponseParser, bytes: Buffer, sizeOf: () => number): Reads => {
  const reads = { examined: 0, decoded: 0 }
  for (let at = 0; at < bytes.length;) {
    const piece = bytes.subarray(at, at + sizeOf())
    const taken = parser.execute(counting(piece, reads))
    if (taken !== piece.length) return reads
    at += taken
  }
  return reads
}

describe(`work, seed ${seed}`, () => {
  for (const [name, text] of Object.entries(streams)) {
    it(`${name}: every byte is read at most twice, and converted to text at most twice`, () => {
      const bytes = Buffer.from(text, "latin1")
      const random = makeRandom(seed)
      const sizes: Readonly<Record<string, () => number>> = {
        whole: () => bytes.length,
        "byte by byte": () => 1,
        "by twos": () => 2,
        "by threes": () => 3,
        "by sixteens": () => 16,
        "in packets": () => 1460,
        "at random": () => 1 + random.int(40)
      }
      for (const preset of presetNames) {
        for (const [cut, sizeOf] of Object.entries(sizes)) {
          const parser = new RequestParser(events, { flags: presets[preset] })
          const { examined, decoded } = read(parser, bytes, sizeOf)
          assert.isUndefined(parser.refusal, `${cut}, ${preset}`)
          assert.strictEqual(parser.bytesConsumed, bytes.length)
          assert.isAtMost(examined, 2 * bytes.length, `${cut}, ${preset}: looked at`)
          assert.isAtMost(decoded, 2 * bytes.length, `${cut}, ${preset}: made into text`)
        }
      }
    })
  }

  it("generated and damaged streams: the same bounds in total", () => {
    let total = 0
    let examined = 0
    for (let index = 0; index < 400; index++) {
      const { role, bytes, cuts } = generate(makeRandom(seed + index))
      const parser =
        role === "request"
          ? new RequestParser(events, { flags: presets.node })
          : new ResponseParser(events, { flags: presets.node })
      let from = 0
      let next = 0
      const reads = read(parser, bytes, () => {
        const size = cuts[next++]! - from
        from += size
        return size
      })
      total += parser.refusal?.offset ?? bytes.length
      examined += reads.examined
    }
    assert.isAtMost(examined, 2 * total)
  })
})

/** Parses `begin` and then `piece` repeatedly. Returns the maximum memory that is kept between two calls. */
const mostKept = (
  role: "request" | "response",
  begin: string,
  piece: string,
  limits: Partial<Limits>,
  times: number
) => {
  const options = { flags: presets.node, limits }
  const parser = role === "request" ? new RequestParser(events, options) : new ResponseParser(events, options)
  const fixed = [events, options.flags]
  const pieceBytes = Buffer.from(piece, "latin1")
  parser.execute(new Uint8Array(Buffer.from(begin, "latin1")))
  let most = 0
  let fed = 0
  for (let round = 0; round < times && parser.refusal === undefined; round++) {
    // Use a new large buffer for each piece, so that keeping a view of the buffer would be noticed.
    const memory = new Uint8Array(65536)
    memory.set(pieceBytes)
    parser.execute(memory.subarray(0, pieceBytes.length))
    fed += pieceBytes.length
    if (parser.refusal === undefined) most = Math.max(most, kept(parser, fixed))
  }
  return { most, fed, refusal: parser.refusal }
}

describe("memory", () => {
  const limits = {
    maxHeaderSize: 2048,
    maxHeaderCount: 100,
    maxTrailerSize: 2048,
    maxChunkExtensionsSize: 2048
  }
  // The text within its limit, four numbers per field line, and the parser's own small objects.
  const bound = 2048 + 4 * 256 + 2048

  const refused: ReadonlyArray<readonly [string, "request" | "response", string, string, string]> = [
    ["a target", "request", "GET /", "x".repeat(100), "HPE_HEADER_OVERFLOW"],
    ["a name", "request", get, "x".repeat(100), "HPE_HEADER_OVERFLOW"],
    ["a value", "request", `${get}A: `, "x".repeat(100), "HPE_HEADER_OVERFLOW"],
    ["a value of spaces after a letter", "request", `${get}A: x`, " ".repeat(100), "HPE_HEADER_OVERFLOW"],
    ["field lines", "request", get, "A: b\r\n", "HPE_HEADER_OVERFLOW"],
    ["field lines without value", "request", get, "A:\r\n", "HPE_HEADER_OVERFLOW"],
    ["long field lines", "request", get, `${"A".repeat(40)}: ${"b".repeat(40)}\r\n`, "HPE_HEADER_OVERFLOW"],
    ["a reason", "response", "HTTP/1.1 200 ", "x".repeat(100), "HPE_HEADER_OVERFLOW"],
    ["an extension", "request", `${chunked}1;`, "x".repeat(100), "HPE_CHUNK_EXTENSIONS_OVERFLOW"],
    ["extensions", "request", `${chunked}1`, ";a=b", "HPE_CHUNK_EXTENSIONS_OVERFLOW"],
    ["a quoted extension", "request", `${chunked}1;a="`, "x".repeat(100), "HPE_CHUNK_EXTENSIONS_OVERFLOW"],
    ["trailers", "request", `${chunked}0\r\n`, "A: b\r\n", "HPE_HEADER_OVERFLOW"],
    ["a trailer", "request", `${chunked}0\r\nA: `, "x".repeat(100), "HPE_HEADER_OVERFLOW"],
    ["a size", "request", chunked, "1".repeat(40), "HPE_INVALID_CHUNK_SIZE"],
    ["a length", "request", `${get}Content-Length: `, "1".repeat(40), "HPE_INVALID_CONTENT_LENGTH"]
  ]
  for (const [name, role, begin, piece, code] of refused) {
    it(`${name} without an end is refused, and little memory is kept until then`, () => {
      const { most, fed, refusal } = mostKept(role, begin, piece, limits, 4000)
      assert.strictEqual(refusal?.code, code)
      assert.isAtMost(fed, 3 * 2048)
      assert.isAtMost(most, bound)
    })
  }

  const endless: ReadonlyArray<readonly [string, "request" | "response", string, string]> = [
    ["line breaks before a request", "request", "", "\r\n".repeat(50)],
    ["spaces after the method", "request", "GET ", " ".repeat(100)],
    ["spaces before the version", "request", "GET / ", " ".repeat(100)],
    ["spaces before a value", "request", `${get}A:`, " ".repeat(100)],
    ["leading zeros of a size", "request", chunked, "0".repeat(100)],
    ["chunks", "request", chunked, "1;a=b\r\nx\r\n"],
    ["a body that ends with the connection", "response", "HTTP/1.1 200 OK\r\n\r\n", "x".repeat(100)],
    ["messages", "request", "", `${get}X: y\r\n\r\n`],
    ["interim responses", "response", "", "HTTP/1.1 100 Continue\r\n\r\n"]
  ]
  for (const [name, role, begin, piece] of endless) {
    it(`${name} may continue forever, and none are kept`, () => {
      const { most, refusal } = mostKept(role, begin, piece, limits, 2000)
      assert.isUndefined(refusal)
      assert.isAtMost(most, bound)
    })
  }

  it("whitespace before values is not kept", () => {
    const { most, fed, refusal } = mostKept("request", get, `A:${" ".repeat(1000)}b\r\n`, limits, 4000)
    assert.strictEqual(refusal?.code, "HPE_HEADER_OVERFLOW")
    assert.isAbove(fed, 90_000)
    assert.isAtMost(most, bound)
  })

  it("a refused parser keeps only the refused chunk", () => {
    const parser = new RequestParser(events)
    parser.execute(Buffer.from(get))
    parser.execute(new Uint8Array(Buffer.from("A b\r\n")))
    assert.strictEqual(parser.refusal?.rawPacket.length, 5)
    assert.isAtMost(kept(parser, [events, presets.strict]), bound)
  })

  // At most 1024 bytes of text, 256 field lines, and the parser's own small objects.
  const small = 1024 + 4 * 256 + 1024
  const large: Readonly<Record<string, string>> = {
    "a long value": `${get}A: ${"x".repeat(9000)}\r\n\r\n`,
    "many field lines": `${get}${"A: b\r\n".repeat(1500)}\r\n`,
    "many trailers": `${chunked}0\r\n${"A: b\r\n".repeat(1500)}\r\n`
  }
  for (const [name, text] of Object.entries(large)) {
    it(`of ${name} nothing is kept after the message`, () => {
      const bytes = Buffer.from(text, "latin1")
      for (const size of [bytes.length, 1000]) {
        const parser = new RequestParser(events)
        for (let at = 0; at < bytes.length; at += size)
          parser.execute(new Uint8Array(bytes.subarray(at, at + size)))
        // The buffer of a head is released at its end, or at the end of the next head, which this is.
        parser.execute(new Uint8Array(Buffer.from(`${get}A`)))
        parser.execute(new Uint8Array(Buffer.from(": b\r\n\r\n")))
        assert.isUndefined(parser.refusal)
        assert.strictEqual(parser.phase, "idle")
        assert.isAtMost(kept(parser, [events, presets.strict]), small, `in pieces of ${size}`)
      }
    })
  }

  it("idle connections share the memory of a few parsers, however many there were", () => {
    const options = { flags: presets.strict }
    const parsers = Array.from({ length: 500 }, () => new RequestParser(events, options))
    const bytes = new Uint8Array(Buffer.from(`${get}A: b\r\n\r\n`))
    const half = bytes.length >> 1
    const fixed = [events, options, presets.strict]
    const one = new RequestParser(events, { ...options })
    one.execute(bytes)
    one.rest()
    const ofOne = kept(one, fixed)
    for (const parser of parsers) parser.execute(bytes.slice(0, half))
    for (const parser of parsers) {
      parser.execute(bytes.slice(half))
      parser.rest()
    }
    for (const parser of parsers) assert.strictEqual(parser.bytesConsumed, bytes.length)
    const ofAll = kept(parsers[0]!, fixed)
    assert.isAbove(ofAll, ofOne)
    // At most 64 machines are kept, each with a buffer for a head that was split.
    assert.isAtMost(ofAll, 64 * (ofOne + 1024) + ofOne)
    // Use up the spare machines, so that the memory of an idle parser is that of a single parser.
    for (const parser of parsers.slice(0, 64)) parser.execute(bytes.slice(0, half))
    assert.isAtMost(kept(parsers[99]!, fixed), ofOne)
  })
})
