/**
 * Guarantees of the parser for any input. Pausing changes no events, a stopped parser leaves the remaining
 * bytes to its caller, bodies are views, and any split of a stream gives the same events.
 */
import {
  Body,
  type Limits,
  presets,
  type RequestHead,
  RequestParser,
  ResponseParser
} from "@httpfx/core/wire"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { generate } from "./differential/generate.js"
import { makeRandom } from "./differential/random.js"
import { run, settled, type Setup } from "./vectors/log.js"
import { presetNames } from "./vectors/document.js"

const bytesOf = (text: string): Buffer => Buffer.from(text, "latin1")

const get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
const sized = "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
const chunked =
  "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
  "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nDigest: z\r\n\r\n"

type Callback = "head" | "data" | "complete"

/** A parser that pauses in these callbacks, and records its events and the slices of the body. */
const recording = (
  pauseIn: ReadonlySet<Callback>,
  answer: (head: RequestHead) => number = () => Body.Read
) => {
  const told: Array<string> = []
  const slices: Array<Uint8Array> = []
  const tell = (callback: Callback, what: string): void => {
    told.push(what)
    if (pauseIn.has(callback)) parser.pause()
  }
  const parser: RequestParser = new RequestParser({
    head: (head) => {
      tell("head", `${head.method} ${head.target}`)
      return answer(head)
    },
    data: (slice) => {
      slices.push(slice)
      tell("data", Buffer.from(slice).toString("latin1"))
    },
    complete: (trailers) => tell("complete", `end ${trailers.join()}`)
  })
  return { parser, told, slices }
}

/** A parser that collects its heads. */
const collecting = (limits: Partial<Limits>) => {
  const heads: Array<RequestHead> = []
  const head = (head: RequestHead): number => {
    heads.push(head)
    return Body.Read
  }
  const events = { head, data: () => {}, complete: () => {} }
  return { heads, parser: new RequestParser(events, { limits }) }
}

const three = ["GET /a", "end ", "POST /b", "hello", "end ", "POST /c", "abc", "de", "end Digest,z"]

describe("pausing", () => {
  for (const where of [["head"], ["data"], ["complete"], ["head", "data", "complete"]] as const) {
    it(`in ${where.join(", ")}: one event per call, and the same events`, () => {
      const pauseIn = new Set<Callback>(where)
      const { parser, told } = recording(pauseIn)
      const bytes = bytesOf(get + sized + chunked)
      let at = 0
      let pauses = 0
      for (;;) {
        const before = told.length
        at += parser.execute(bytes.subarray(at))
        if (!parser.paused) break
        pauses++
        if (where.length === 3)
          assert.strictEqual(told.length, before + 1, "parsing stopped right behind the callback")
        assert.strictEqual(parser.execute(bytes.subarray(at)), 0, "a paused parser takes nothing")
        assert.isUndefined(parser.finish(), "and does not end")
        parser.resume()
      }
      assert.deepStrictEqual(told, three)
      assert.strictEqual(at, bytes.length)
      assert.strictEqual(pauses, { 1: 3, 3: 9 }[where.length as 1 | 3])
      assert.strictEqual(parser.bytesConsumed, bytes.length)
    })
  }

  it("between two calls stops before the next byte", () => {
    const { parser, told } = recording(new Set())
    parser.pause()
    assert.strictEqual(parser.execute(bytesOf(get)), 0)
    assert.deepStrictEqual(told, [])
    parser.resume()
    assert.strictEqual(parser.execute(bytesOf(get)), get.length)
    assert.deepStrictEqual(told, ["GET /a", "end "])
  })

  it("after the last byte: events that need no byte follow after resume, without bytes", () => {
    const { parser, told } = recording(new Set<Callback>(["head"]))
    assert.strictEqual(parser.execute(bytesOf(get)), get.length)
    assert.deepStrictEqual(told, ["GET /a"])
    parser.resume()
    assert.strictEqual(parser.execute(new Uint8Array(0)), 0)
    assert.deepStrictEqual(told, ["GET /a", "end "])
  })

  it("keeps the position in the body: the rest may be passed in any chunks", () => {
    const { parser, told } = recording(new Set<Callback>(["data"]))
    const bytes = bytesOf(chunked)
    const at = parser.execute(bytes)
    assert.strictEqual(bytes.subarray(0, at).toString("latin1").slice(-3), "abc")
    parser.resume()
    for (const byte of bytes.subarray(at)) {
      parser.execute(Uint8Array.of(byte))
      parser.resume()
    }
    assert.deepStrictEqual(told, ["POST /c", "abc", "d", "e", "end Digest,z"])
  })
})

describe("stopping", () => {
  const rest = "\u0016\u0003GET / HTTP/1.1\r\n"
  const cases = {
    "at CONNECT": "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
    "at an upgrade": "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
    "at an upgrade after other requests":
      get + chunked + "GET / HTTP/1.1\r\nHost: a\r\nConnection: x, upgrade\r\nUpgrade: y\r\n\r\n"
  }
  for (const [name, text] of Object.entries(cases)) {
    it(`${name} leaves the rest to the caller, however the stream is cut`, () => {
      const bytes = bytesOf(text + rest)
      for (let size = 1; size <= bytes.length; size++) {
        const { parser, told } = recording(new Set(), (head) => (head.upgrade ? Body.Stop : Body.Read))
        let left = ""
        for (let at = 0; at < bytes.length; at += size) {
          const chunk = bytes.subarray(at, at + size)
          left += chunk.subarray(parser.execute(chunk)).toString("latin1")
        }
        assert.strictEqual(left, rest)
        assert.isTrue(parser.stopped)
        assert.strictEqual(parser.phase, "stopped")
        assert.strictEqual(told.at(-1), "end ")
        assert.strictEqual(parser.bytesConsumed, text.length)
        assert.isUndefined(parser.finish())
        assert.isUndefined(parser.refusal)
      }
    })
  }

  it("stops after a 101 by itself", () => {
    const seen: Array<number> = []
    const parser = new ResponseParser({
      head: (head) => {
        seen.push(head.status)
        return Body.Read
      },
      data: () => assert.fail("no body"),
      complete: () => undefined
    })
    const head =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
    assert.strictEqual(parser.execute(bytesOf(head + rest)), head.length)
    assert.deepStrictEqual(seen, [100, 101])
    assert.isTrue(parser.stopped)
  })
})

describe("events", () => {
  it("head is called once per message, for any split, also for 1xx", () => {
    const text =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" +
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 304 Not Modified\r\n\r\n"
    for (let size = 1; size <= text.length; size++) {
      const seen: Array<number> = []
      let ends = 0
      const parser = new ResponseParser({
        head: (head) => {
          seen.push(head.status)
          return Body.Read
        },
        data: () => undefined,
        complete: () => void ends++
      })
      for (let at = 0; at < text.length; at += size) parser.execute(bytesOf(text.slice(at, at + size)))
      assert.deepStrictEqual(seen, [100, 103, 200, 304])
      assert.strictEqual(ends, 4)
    }
  })

  it("data are views of the chunk, in its own memory, and never empty", () => {
    for (const bytes of [bytesOf(sized + chunked), new Uint8Array(bytesOf(sized + chunked))]) {
      for (let size = 1; size <= bytes.length; size++) {
        for (let at = 0, { parser, slices } = recording(new Set()); at < bytes.length; at += size) {
          const chunk = bytes.subarray(at, at + size)
          slices.length = 0
          parser.execute(chunk)
          for (const slice of slices) {
            assert.strictEqual(slice.buffer, chunk.buffer)
            assert.isAtLeast(slice.byteOffset, chunk.byteOffset)
            assert.isAtMost(slice.byteOffset + slice.length, chunk.byteOffset + chunk.length)
            assert.isAbove(slice.length, 0)
          }
        }
      }
    }
  })

  it("bytes of values become the characters of the same number, from Buffers and Uint8Arrays", () => {
    const allowed = Array.from({ length: 256 }, (_, code) => code).filter(
      (code) => code === 9 || (code >= 0x20 && code !== 0x7f)
    )
    const text = "x" + String.fromCharCode(...allowed) + "x"
    const head = `HTTP/1.1 200 ${text}\r\nA: ${text}\r\n\r\n`
    for (const chunk of [bytesOf(head), new Uint8Array(bytesOf(head))]) {
      for (const cut of [0, 20, 150, 300, chunk.length]) {
        let values: ReadonlyArray<string | undefined> = []
        const parser = new ResponseParser({
          head: (h) => {
            values = [h.statusMessage, h.rawHeaders[1], h.get("a")]
            return Body.Skip
          },
          data: () => undefined,
          complete: () => undefined
        })
        parser.execute(chunk.subarray(0, cut))
        parser.execute(chunk.subarray(cut))
        assert.deepStrictEqual(values, [text, text, text])
      }
    }
  })

  /** A class of chunks with its own `latin1Slice`, like `Buffer`. */
  class Converting extends Uint8Array {
    latin1Slice(start: number, end: number): string {
      return Buffer.from(this).toString("latin1", start, end)
    }
  }
  class WithoutSpecies extends Converting {
    static get [Symbol.species](): Uint8ArrayConstructor {
      return undefined as never
    }
  }
  it.each([
    ["a Buffer", (bytes: Buffer): Uint8Array => bytes],
    ["a Uint8Array", (bytes: Buffer): Uint8Array => new Uint8Array(bytes)],
    ["an array with its own conversion to text", (bytes: Buffer): Uint8Array => new Converting(bytes)],
    ["an array whose class sets no species", (bytes: Buffer): Uint8Array => new WithoutSpecies(bytes)]
  ])("long texts come whole, in one piece and in several, from %s", (_, chunkOf) => {
    const code = (index: number): number => 0x21 + ((index * 7 + (index >> 5)) % 0x5e)
    const target = "/" + "abcdefghij".repeat(600)
    // Lengths around 4096 bytes, the number that is converted in one call.
    for (const length of [4095, 4096, 4097, 8192, 9000]) {
      const text = String.fromCharCode(...Array.from({ length }, (_, index) => code(index)))
      const bytes = bytesOf(`GET ${target} HTTP/1.1\r\nHost: a\r\nA: ${text}\r\nB:${" ".repeat(40)}b\r\n\r\n`)
      for (const size of [bytes.length, 5000, 4096, 777]) {
        const { heads, parser } = collecting({ maxHeaderSize: 32_768 })
        for (let at = 0; at < bytes.length; at += size) parser.execute(chunkOf(bytes.subarray(at, at + size)))
        assert.deepStrictEqual(
          heads.map((head) => [head.target, head.rawHeaders, head.get("a")]),
          [[target, ["Host", "a", "A", text, "B", "b"], text]],
          `${length} in pieces of ${size}`
        )
      }
    }
  })

  it("a head outlives its chunk: reading it later gives the received bytes", () => {
    const chunk = bytesOf(get + get.replace("/a", "/b").replace("Host: a", "Host: later"))
    const heads: Array<RequestHead> = []
    const parser = new RequestParser({
      head: (head) => {
        heads.push(head)
        return Body.Read
      },
      data: () => undefined,
      complete: () => undefined
    })
    parser.execute(chunk)
    chunk.fill(0x21)
    assert.deepStrictEqual(
      heads.map((head) => [head.target, head.get("host"), head.rawHeaders]),
      [
        ["/a", "a", ["Host", "a"]],
        ["/b", "later", ["Host", "later"]]
      ]
    )
    assert.strictEqual(heads[0]!.rawHeaders, heads[0]!.rawHeaders, "made once")
    for (const head of heads) assert.strictEqual(head.fieldCount, head.rawHeaders.length / 2)
  })
})

describe("the state of a parser", () => {
  it("phase, inMessage, headBytes and bytesConsumed, byte by byte", () => {
    const { parser } = recording(new Set())
    const phases: Array<string> = []
    for (const byte of bytesOf("\r\n" + sized)) {
      parser.execute(Uint8Array.of(byte))
      if (phases.at(-1) !== parser.phase) phases.push(parser.phase)
      assert.strictEqual(parser.inMessage, parser.phase === "head" || parser.phase === "body")
    }
    assert.deepStrictEqual(phases, ["idle", "head", "body", "idle"])
    assert.strictEqual(parser.bytesConsumed, 2 + sized.length)

    parser.execute(bytesOf("GET /abc HTTP/1.1\r\nAb: cde\r\n"))
    assert.strictEqual(parser.phase, "head")
    assert.strictEqual(parser.headBytes, "/abc".length + "Ab".length + "cde".length)
  })

  // Each run of bytes leaves the parser in the given phase.
  const walks: ReadonlyArray<
    readonly [what: string, role: "request" | "response", runs: ReadonlyArray<readonly [string, string]>]
  > = [
    [
      "a body of known length",
      "request",
      [
        ["\r\n", "idle"],
        [sized.slice(0, -6), "head"],
        ["\nhell", "body"],
        ["o", "idle"]
      ]
    ],
    [
      "chunks and trailers",
      "request",
      [
        ["\r", "idle"],
        ["\n", "idle"],
        [chunked.slice(0, chunked.indexOf("\r\n\r\n") + 3), "head"],
        [chunked.slice(chunked.indexOf("\r\n\r\n") + 3, -1), "body"],
        ["\n", "idle"],
        ["G", "head"]
      ]
    ],
    [
      "no body",
      "request",
      [
        [get.slice(0, -1), "head"],
        ["\n", "idle"]
      ]
    ],
    [
      "the last message, and line breaks after it",
      "request",
      [
        ["GET / HTTP/1.0\r\n\r", "head"],
        ["\n\r\n", "closed"],
        ["x", "refused"]
      ]
    ],
    [
      "malformed bytes",
      "request",
      [
        ["GE", "head"],
        ["\t", "refused"]
      ]
    ],
    [
      "a body that ends with the connection",
      "response",
      [
        ["HTTP/1.1 200 OK\r\n\r", "head"],
        ["\nab", "body"]
      ]
    ],
    [
      "another protocol",
      "response",
      [
        ["HTTP/1.1 101 OK\r\n\r", "head"],
        ["\n", "stopped"]
      ]
    ]
  ]
  it.each(walks)("phases of %s, byte by byte", (_, role, runs) => {
    const events = { head: () => Body.Read, data: () => undefined, complete: () => undefined }
    for (const resting of [false, true]) {
      const parser = role === "request" ? new RequestParser(events) : new ResponseParser(events)
      let taken = 0
      assert.strictEqual(parser.phase, "idle")
      for (const [text, phase] of runs) {
        for (const byte of bytesOf(text)) {
          taken += parser.execute(Uint8Array.of(byte))
          if (resting) parser.rest()
          assert.strictEqual(parser.phase, phase, `behind byte ${taken}`)
          assert.strictEqual(parser.inMessage, phase === "head" || phase === "body")
          assert.strictEqual(parser.stopped, phase === "stopped")
          assert.strictEqual(parser.bytesConsumed, taken)
          assert.strictEqual(parser.headBytes > 0 && phase === "idle", false)
          assert.isFalse(parser.hasMoreToTell)
        }
      }
    }
  })

  it("paused in a callback: the phase, and whether events remain that need no bytes", () => {
    const seen: Array<readonly [string, string, boolean]> = []
    const { parser, told } = recording(new Set<Callback>(["head", "data", "complete"]))
    const bytes = bytesOf(get + sized + chunked)
    for (let at = 0; at < bytes.length || parser.hasMoreToTell;) {
      at += parser.execute(bytes.subarray(at))
      if (!parser.paused) break
      seen.push([told.at(-1)!, parser.phase, parser.hasMoreToTell])
      parser.resume()
    }
    assert.deepStrictEqual(seen, [
      ["GET /a", "body", true],
      ["end ", "idle", false],
      ["POST /b", "body", true],
      ["hello", "body", true],
      ["end ", "idle", false],
      ["POST /c", "body", true],
      ["abc", "body", false],
      ["de", "body", false],
      ["end Digest,z", "idle", false]
    ])
  })

  it("a refusal is final: position, packet, and no further bytes accepted", () => {
    const { parser, told } = recording(new Set())
    parser.execute(bytesOf(get))
    const chunk = bytesOf("GET /a HTTP/1.1\r\nHost : a\r\n\r\n")
    const consumed = parser.execute(chunk)
    const refusal = parser.refusal
    assert.strictEqual(refusal?.code, "HPE_INVALID_HEADER_TOKEN")
    assert.strictEqual(refusal?.bytesParsed, consumed)
    assert.strictEqual(refusal?.offset, get.length + consumed)
    assert.strictEqual(refusal?.rawPacket, chunk)
    assert.strictEqual(parser.phase, "refused")
    assert.isFalse(parser.inMessage)
    assert.strictEqual(parser.execute(bytesOf(get)), 0)
    assert.strictEqual(parser.refusal, refusal)
    assert.deepStrictEqual(told, ["GET /a", "end "])
  })

  it("the end of the stream: no refusal between messages, one inside a message", () => {
    const { parser } = recording(new Set())
    parser.execute(bytesOf(get))
    assert.isUndefined(parser.finish())
    parser.execute(bytesOf("GET "))
    const refusal = parser.finish()
    assert.strictEqual(refusal?.code, "HPE_INVALID_EOF_STATE")
    assert.strictEqual(refusal?.offset, get.length + 4)
    assert.strictEqual(refusal?.rawPacket.length, 0)
    assert.strictEqual(parser.refusal, refusal)
  })
})

describe("any split gives the same", () => {
  const cutsOf = (length: number, wanted: ReadonlyArray<number>): ReadonlyArray<number> =>
    [...new Set([...wanted.map((cut) => (cut % length) + 1), length])].sort((a, b) => a - b)

  it("of valid and damaged streams, under every preset: events, refusal and position", () => {
    let refused = 0
    let told = 0
    const property = fc.property(
      fc.integer(),
      fc.array(fc.nat(), { maxLength: 12 }),
      fc.constantFrom(...presetNames),
      (number, wanted, preset) => {
        const { role, answering, maxHeaderSize, bytes } = generate(makeRandom(number))
        const setup: Setup = { role, answers: answering, flags: presets[preset], limits: { maxHeaderSize } }
        const whole = run(setup, bytes, [bytes.length])
        if (whole.refusal !== undefined) refused++
        told += whole.lines.length - 1
        for (const cuts of [
          cutsOf(bytes.length, wanted),
          bytes.length < 600 ? [...bytes.keys()].slice(1) : []
        ]) {
          const pieces = [...cuts.filter((cut) => cut < bytes.length), bytes.length]
          const { lines } = run(setup, bytes, pieces, wanted.length % 2 === 0)
          assert.deepStrictEqual(settled(lines, whole.lines), whole.lines)
        }
      }
    )
    // If the property fails, fast-check prints the seed and the smallest case.
    fc.assert(property, { numRuns: 1500 })
    assert.isAbove(refused, 300, "many streams are refused")
    assert.isAbove(told, 1500, "and many are told of")
  })

  it("of streams made of fields, bodies and chunks", () => {
    const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/)
    const value = fc.stringMatching(/^[!-~\u0080-\u00ff]{1,40}$/)
    const field = fc.tuple(token, value).map(([name, text]) => [`X-${name}`, text] as const)
    const body = fc.array(
      fc.string({ minLength: 1, maxLength: 30 }).map((text) => escapeNonLatin(text)),
      {
        maxLength: 4
      }
    )
    const message = fc.record({
      fields: fc.array(field, { maxLength: 5 }),
      body,
      trailers: fc.array(field, { maxLength: 2 })
    })
    const property = fc.property(
      fc.array(message, { minLength: 1, maxLength: 4 }),
      fc.array(fc.nat(), { maxLength: 20 }),
      (messages, wanted) => {
        let text = ""
        const expected: Array<unknown> = []
        const lines = (fields: ReadonlyArray<readonly [string, string]>): string =>
          fields.map(([name, v]) => `${name}: ${v}\r\n`).join("")
        for (const { fields, body, trailers } of messages) {
          text += `PUT / HTTP/1.1\r\nHost: a\r\n${lines(fields)}Transfer-Encoding: chunked\r\n\r\n`
          for (const chunk of body) text += `${chunk.length.toString(16)}\r\n${chunk}\r\n`
          text += `0\r\n${lines(trailers)}\r\n`
          expected.push({
            raw: ["Host", "a", ...fields.flat(), "Transfer-Encoding", "chunked"],
            body: body.join(""),
            trailers: trailers.flat()
          })
        }
        const bytes = bytesOf(text)
        const seen: Array<{ raw: ReadonlyArray<string>; body: string; trailers: ReadonlyArray<string> }> = []
        const parser = new RequestParser({
          head: (head) => {
            seen.push({ raw: head.rawHeaders, body: "", trailers: [] })
            return Body.Read
          },
          data: (slice) => {
            seen.at(-1)!.body += Buffer.from(slice).toString("latin1")
          },
          complete: (trailers) => {
            seen.at(-1)!.trailers = [...trailers]
          }
        })
        let from = 0
        for (const to of cutsOf(bytes.length, wanted)) {
          parser.execute(bytes.subarray(from, to))
          from = to
        }
        assert.deepStrictEqual(seen, expected)
        assert.strictEqual(parser.phase, "idle")
      }
    )
    fc.assert(property, { numRuns: 300 })
  })
})

/** Replaces characters above U+00FF, which cannot be converted to bytes. */
const escapeNonLatin = (text: string): string => text.replace(/[^\u0000-\u00ff]/g, "?")
