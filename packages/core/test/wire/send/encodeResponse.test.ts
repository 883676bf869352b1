/** Heads of responses: tables of encoded heads, and comparison with Node's `ServerResponse`. */
import * as http from "node:http"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  METHODS,
  STATUS_CODES,
  continueHead,
  encodeInformational,
  encodeResponseHead,
  processingHead,
  type CloseReason,
  type FieldConflict,
  type Framing,
  type ResponseHeadInput,
  type Violation
} from "@httpfx/core/wire"

/** A violation without its tag. */
type Facts<V = Violation> = V extends unknown ? Omit<V, "_tag"> : never

const date = "Sun, 06 Nov 1994 08:49:37 GMT"
const encode = (input: Partial<ResponseHeadInput>) =>
  encodeResponseHead({
    versionMinor: 1,
    method: "GET",
    status: 200,
    headers: [],
    body: "none",
    keepAlive: true,
    ...input
  })

/** Returns the lines of an encoded head, without the empty line. Throws for a violation. */
const linesOf = (result: ReturnType<typeof encode>): ReadonlyArray<string> => {
  if (result._tag === "Violation") throw new Error(JSON.stringify(result))
  expect(result.head.endsWith("\r\n\r\n")).toBe(true)
  return result.head.slice(0, -4).split("\r\n")
}

interface Vector {
  readonly what: string
  readonly input: Partial<ResponseHeadInput>
  readonly lines: ReadonlyArray<string>
  readonly framing: Framing
  readonly close?: CloseReason
}
const keep = "Connection: keep-alive"
const close = "Connection: close"
const none: Framing = { _tag: "None" }
const chunked: Framing = { _tag: "Chunked" }
const untilClose: Framing = { _tag: "UntilClose" }
const length = (length: number): Framing => ({ _tag: "Length", length })

const trailers = { code: "ERR_HTTP_TRAILER_INVALID" } as const
const noStatus = (status: number) => ({ code: "ERR_HTTP_INVALID_STATUS_CODE", status }) as const
const invalid = (name: string) => ({ code: "ERR_INVALID_CHAR", what: "header content", name }) as const
const conflict = (name: string, reason: FieldConflict) =>
  ({ code: "ERR_HTTPFX_FIELD_CONFLICT", name, reason }) as const

const vectors: ReadonlyArray<Vector> = [
  {
    what: "hello world",
    input: { headers: ["Content-Type", "text/plain"], body: 11, date, keepAliveTimeout: 5000 },
    lines: [
      "HTTP/1.1 200 OK",
      "Content-Type: text/plain",
      `Date: ${date}`,
      keep,
      "Keep-Alive: timeout=5",
      "Content-Length: 11"
    ],
    framing: length(11)
  },
  {
    what: "no body is a body of no bytes",
    input: {},
    lines: ["HTTP/1.1 200 OK", keep, "Content-Length: 0"],
    framing: length(0)
  },
  {
    what: "unknown length is chunked",
    input: { body: "unknown" },
    lines: ["HTTP/1.1 200 OK", keep, "Transfer-Encoding: chunked"],
    framing: chunked
  },
  {
    what: "trailers make a known length chunked",
    input: { body: 5, trailers: true },
    lines: ["HTTP/1.1 200 OK", keep, "Transfer-Encoding: chunked"],
    framing: chunked
  },
  {
    what: "so does the user's Trailer",
    input: { body: 5, headers: ["trailer", "digest"] },
    lines: ["HTTP/1.1 200 OK", "trailer: digest", keep, "Transfer-Encoding: chunked"],
    framing: chunked
  },
  {
    what: "unknown length for HTTP/1.0 ends with the connection",
    input: { versionMinor: 0, body: "unknown" },
    lines: ["HTTP/1.1 200 OK", close],
    framing: untilClose,
    close: "UntilClose"
  },
  {
    what: "known length for HTTP/1.0 that asked to keep the connection",
    input: { versionMinor: 0, body: 3, trailers: true },
    lines: ["HTTP/1.1 200 OK", keep, "Content-Length: 3"],
    framing: length(3)
  },
  {
    what: "HTTP/1.0 is told that the connection goes on, whatever else the user's Connection says",
    input: { versionMinor: 0, body: 3, headers: ["Connection", "x"] },
    lines: ["HTTP/1.1 200 OK", "Connection: x", keep, "Content-Length: 3"],
    framing: length(3)
  },
  {
    what: "chunked and Trailer of the user are left out for HTTP/1.0",
    input: { versionMinor: 0, body: "unknown", headers: ["Transfer-Encoding", "chunked", "Trailer", "a"] },
    lines: ["HTTP/1.1 200 OK", close],
    framing: untilClose,
    close: "UntilClose"
  },
  {
    what: "the user's Content-Length governs",
    input: { body: "unknown", headers: ["content-length", "7"] },
    lines: ["HTTP/1.1 200 OK", "content-length: 7", keep],
    framing: length(7)
  },
  {
    what: "an equal repetition of Content-Length is printed once",
    input: { body: "unknown", headers: ["content-length", "7", "Content-Length", "7"] },
    lines: ["HTTP/1.1 200 OK", "content-length: 7", keep],
    framing: length(7)
  },
  {
    what: "the user's chunked governs, whatever is known of the length",
    input: { body: 7, headers: ["transfer-encoding", "gzip , Chunked"] },
    lines: ["HTTP/1.1 200 OK", "transfer-encoding: gzip , Chunked", keep],
    framing: chunked
  },
  {
    what: "a coding without chunked ends with the connection (RFC 9112 §6.1)",
    input: { body: "unknown", headers: ["transfer-encoding", "gzip"] },
    lines: ["HTTP/1.1 200 OK", "transfer-encoding: gzip", close],
    framing: untilClose,
    close: "UntilClose"
  },
  {
    what: "HEAD has the length and no body",
    input: { method: "HEAD", body: 11 },
    lines: ["HTTP/1.1 200 OK", keep, "Content-Length: 11"],
    framing: none
  },
  {
    what: "HEAD of unknown length has no framing fields",
    input: { method: "HEAD", body: "unknown" },
    lines: ["HTTP/1.1 200 OK", keep],
    framing: none
  },
  {
    what: "HEAD keeps the user's Content-Length",
    input: { method: "HEAD", body: "none", headers: ["Content-Length", "99"] },
    lines: ["HTTP/1.1 200 OK", "Content-Length: 99", keep],
    framing: none
  },
  {
    what: "204 has neither Content-Length nor Transfer-Encoding (RFC 9110 §8.6)",
    input: { status: 204, headers: ["Content-Length", "0", "X", "1"] },
    lines: ["HTTP/1.1 204 No Content", "X: 1", keep],
    framing: none
  },
  {
    what: "nor has it when the user wants chunks",
    input: { status: 204, body: "unknown", headers: ["Transfer-Encoding", "chunked"] },
    lines: ["HTTP/1.1 204 No Content", keep],
    framing: none
  },
  {
    what: "204 to HEAD",
    input: { status: 204, method: "HEAD", body: 0 },
    lines: ["HTTP/1.1 204 No Content", keep],
    framing: none
  },
  {
    what: "304 gets no length of its own",
    input: { status: 304, body: 0 },
    lines: ["HTTP/1.1 304 Not Modified", keep],
    framing: none
  },
  {
    what: "304 keeps the user's Content-Length",
    input: { status: 304, headers: ["Content-Length", "12"] },
    lines: ["HTTP/1.1 304 Not Modified", "Content-Length: 12", keep],
    framing: none
  },
  {
    what: "a connection that may not be kept",
    input: { keepAlive: false, keepAliveTimeout: 5000, body: 1 },
    lines: ["HTTP/1.1 200 OK", close, "Content-Length: 1"],
    framing: length(1),
    close: "ResponseClose"
  },
  {
    what: "the user's close closes",
    input: { headers: ["Connection", "x, CLOSE"], keepAliveTimeout: 5000 },
    lines: ["HTTP/1.1 200 OK", "Connection: x, CLOSE", "Content-Length: 0"],
    framing: length(0),
    close: "ResponseClose"
  },
  {
    what: "the user's keep-alive does not keep what may not be kept",
    input: { headers: ["Connection", "keep-alive"], keepAlive: false },
    lines: ["HTTP/1.1 200 OK", keep, close, "Content-Length: 0"],
    framing: length(0),
    close: "ResponseClose"
  },
  {
    what: "options that only contain the word are others",
    input: { headers: ["Connection", "closed, x-close"] },
    lines: ["HTTP/1.1 200 OK", "Connection: closed, x-close", "Content-Length: 0"],
    framing: length(0)
  },
  {
    what: "the user's Keep-Alive stays alone",
    input: { headers: ["Keep-Alive", "timeout=1"], keepAliveTimeout: 5000 },
    lines: ["HTTP/1.1 200 OK", "Keep-Alive: timeout=1", keep, "Content-Length: 0"],
    framing: length(0)
  },
  {
    what: "Keep-Alive with a number of requests",
    input: { keepAliveTimeout: 5999, keepAliveMax: 3 },
    lines: ["HTTP/1.1 200 OK", keep, "Keep-Alive: timeout=5, max=3", "Content-Length: 0"],
    framing: length(0)
  },
  {
    what: "the user's Date stays alone",
    input: { headers: ["date", "now"], date },
    lines: ["HTTP/1.1 200 OK", "date: now", keep, "Content-Length: 0"],
    framing: length(0)
  },
  {
    what: "101 names the option of its Upgrade",
    input: { status: 101, headers: ["Upgrade", "websocket"], body: "none", keepAliveTimeout: 5000 },
    lines: ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"],
    framing: none
  },
  {
    what: "2xx to CONNECT is the start of a tunnel (RFC 9110 §9.3.6)",
    input: { method: "CONNECT", headers: ["Content-Length", "5"], keepAlive: false },
    lines: ["HTTP/1.1 200 OK"],
    framing: none
  },
  {
    what: "other answers to CONNECT are ordinary ones",
    input: { method: "CONNECT", status: 407, body: 2 },
    lines: ["HTTP/1.1 407 Proxy Authentication Required", keep, "Content-Length: 2"],
    framing: length(2)
  },
  {
    what: "a phrase of one's own, in Latin-1",
    input: { status: 299, statusMessage: "Fine \u00e9" },
    lines: ["HTTP/1.1 299 Fine \u00e9", keep, "Content-Length: 0"],
    framing: length(0)
  },
  {
    what: "a status without a phrase",
    input: { status: 799 },
    lines: ["HTTP/1.1 799 unknown", keep, "Content-Length: 0"],
    framing: length(0)
  },
  {
    what: "trailers without a body",
    input: { trailers: true },
    lines: ["HTTP/1.1 200 OK", keep, "Transfer-Encoding: chunked"],
    framing: chunked
  },
  {
    what: "trailers announced where no body is",
    input: { method: "HEAD", body: 5, headers: ["Trailer", "a"] },
    lines: ["HTTP/1.1 200 OK", "Trailer: a", keep, "Content-Length: 5"],
    framing: none
  },
  {
    what: "HEAD with the user's coding has no length",
    input: { method: "HEAD", body: 5, headers: ["Transfer-Encoding", "chunked"] },
    lines: ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked", keep],
    framing: none
  },
  {
    what: "304 to HEAD gets no length of its own",
    input: { method: "HEAD", status: 304, body: 5 },
    lines: ["HTTP/1.1 304 Not Modified", keep],
    framing: none
  },
  {
    what: "304 keeps the user's coding",
    input: { status: 304, headers: ["Transfer-Encoding", "chunked"] },
    lines: ["HTTP/1.1 304 Not Modified", "Transfer-Encoding: chunked", keep],
    framing: none
  },
  {
    what: "204 with another coding for HTTP/1.0, which is left out",
    input: { status: 204, versionMinor: 0, headers: ["Transfer-Encoding", "gzip"] },
    lines: ["HTTP/1.1 204 No Content", keep],
    framing: none
  },
  {
    what: "101 keeps the user's Connection, and closes nothing",
    input: { status: 101, headers: ["Connection", "x, upgrade"], keepAlive: false, date },
    lines: ["HTTP/1.1 101 Switching Protocols", "Connection: x, upgrade", `Date: ${date}`],
    framing: none
  },
  {
    what: "2xx to CONNECT has a date, and no coding",
    input: {
      method: "CONNECT",
      status: 299,
      headers: ["Transfer-Encoding", "chunked"],
      body: "unknown",
      date
    },
    lines: ["HTTP/1.1 299 unknown", `Date: ${date}`],
    framing: none
  },
  {
    what: "300 to CONNECT is an ordinary answer",
    input: { method: "CONNECT", status: 300, body: "unknown" },
    lines: ["HTTP/1.1 300 Multiple Choices", keep, "Transfer-Encoding: chunked"],
    framing: chunked
  },
  {
    what: "a last answer has its date before close",
    input: { keepAlive: false, date },
    lines: ["HTTP/1.1 200 OK", `Date: ${date}`, close, "Content-Length: 0"],
    framing: length(0),
    close: "ResponseClose"
  },
  {
    what: "close in the user's Connection is not said again, and has its date",
    input: { headers: ["Connection", "close"], keepAlive: false, date },
    lines: ["HTTP/1.1 200 OK", "Connection: close", `Date: ${date}`, "Content-Length: 0"],
    framing: length(0),
    close: "ResponseClose"
  },
  {
    what: "the user's Date beside the announced end of an idle connection",
    input: { headers: ["Date", "now"], keepAliveTimeout: 7000, keepAliveMax: 2 },
    lines: ["HTTP/1.1 200 OK", "Date: now", keep, "Keep-Alive: timeout=7, max=2", "Content-Length: 0"],
    framing: length(0)
  },
  {
    what: "the user's Keep-Alive and Connection stay alone",
    input: { headers: ["Keep-Alive", "timeout=1", "Connection", "keep-alive"], keepAliveTimeout: 5000, date },
    lines: [
      "HTTP/1.1 200 OK",
      "Keep-Alive: timeout=1",
      "Connection: keep-alive",
      `Date: ${date}`,
      "Content-Length: 0"
    ],
    framing: length(0)
  },
  {
    what: "HTTP/1.0 is told once that the connection goes on",
    input: { versionMinor: 0, headers: ["Connection", "x, Keep-Alive"] },
    lines: ["HTTP/1.1 200 OK", "Connection: x, Keep-Alive", "Content-Length: 0"],
    framing: length(0)
  },
  {
    what: "times and numbers of less than nothing are not announced",
    input: { keepAliveTimeout: -1, keepAliveMax: -1 },
    lines: ["HTTP/1.1 200 OK", keep, "Content-Length: 0"],
    framing: length(0)
  },
  {
    what: "a number of requests is whole",
    input: { keepAliveTimeout: 1000, keepAliveMax: 2.9 },
    lines: ["HTTP/1.1 200 OK", keep, "Keep-Alive: timeout=1, max=2", "Content-Length: 0"],
    framing: length(0)
  },
  {
    what: "a number of less than nothing beside a time",
    input: { keepAliveTimeout: 1000, keepAliveMax: -2 },
    lines: ["HTTP/1.1 200 OK", keep, "Keep-Alive: timeout=1", "Content-Length: 0"],
    framing: length(0)
  },
  {
    what: "a Trailer of the user and a length for HTTP/1.0",
    input: { versionMinor: 0, body: 3, headers: ["Trailer", "a", "Content-Length", "3"] },
    lines: ["HTTP/1.1 200 OK", "Content-Length: 3", keep],
    framing: length(3)
  }
]

describe("encodeResponseHead", () => {
  for (const vector of vectors) {
    it(vector.what, () => {
      const result = encode(vector.input)
      expect(linesOf(result)).toEqual(vector.lines)
      expect(result).toMatchObject({ _tag: "EncodedHead", framing: vector.framing, close: vector.close })
    })
  }

  const refused: ReadonlyArray<[string, Partial<ResponseHeadInput>, Facts]> = [
    ["a line break in a value", { headers: ["a", "1\r\nb: 2"] }, invalid("a")],
    [
      "a line break in a name",
      { headers: ["a: 1\r\nb", "2"] },
      { code: "ERR_INVALID_HTTP_TOKEN", what: "Header name", value: "a: 1\r\nb" }
    ],
    [
      "a line break in the reason phrase",
      { statusMessage: "OK\r\na: 1" },
      { code: "ERR_INVALID_CHAR", what: "statusMessage" }
    ],
    ["a line break in the date", { date: "x\r\na: 1" }, invalid("Date")],
    ["a line break in the date of a last response", { date: "x\r\na: 1", keepAlive: false }, invalid("Date")],
    ["a character above U+00FF", { headers: ["a", "\u0100"] }, invalid("a")],
    [
      "an empty name",
      { headers: ["", "1"] },
      { code: "ERR_INVALID_HTTP_TOKEN", what: "Header name", value: "" }
    ],
    [
      "a name without a value",
      { headers: ["a"] },
      { code: "ERR_HTTP_INVALID_HEADER_VALUE", name: "a", value: undefined }
    ],
    ["status 99", { status: 99 }, noStatus(99)],
    ["status 100, which is not final", { status: 100 }, noStatus(100)],
    ["status 199, which is not final", { status: 199 }, noStatus(199)],
    ["status 1000", { status: 1000 }, noStatus(1000)],
    ["status 200.5", { status: 200.5 }, noStatus(200.5)],
    ["status NaN", { status: NaN }, noStatus(NaN)],
    ["a body whose length is NaN", { body: NaN }, conflict("Content-Length", "Malformed")],
    ["a body of half a byte", { body: 0.5 }, conflict("Content-Length", "Malformed")],
    ["a body of negative length", { body: -1 }, conflict("Content-Length", "Malformed")],
    [
      "two lengths",
      { headers: ["content-length", "1", "Content-Length", "2"], body: "unknown" },
      conflict("Content-Length", "Repeated")
    ],
    [
      "a length with a sign",
      { headers: ["content-length", "+1"], body: 1 },
      conflict("Content-Length", "Malformed")
    ],
    [
      "both framings",
      { headers: ["transfer-encoding", "chunked", "content-length", "1"], body: 1 },
      conflict("Content-Length", "BesideTransferEncoding")
    ],
    [
      "both framings, with length 0",
      { headers: ["content-length", "0", "transfer-encoding", "chunked"], body: 0 },
      conflict("Content-Length", "BesideTransferEncoding")
    ],
    [
      "chunked twice",
      { headers: ["transfer-encoding", "chunked", "Transfer-Encoding", "chunked"], body: 1 },
      conflict("Transfer-Encoding", "ChunkedNotLast")
    ],
    [
      "chunked before another coding",
      { headers: ["transfer-encoding", "chunked, gzip"], body: 1 },
      conflict("Transfer-Encoding", "ChunkedNotLast")
    ],
    [
      "a coding for HTTP/1.0",
      { versionMinor: 0, headers: ["transfer-encoding", "gzip, chunked"], body: "unknown" },
      conflict("Transfer-Encoding", "NotForVersion")
    ],
    [
      "a length that differs from the body's",
      { headers: ["content-length", "5"], body: 6 },
      { code: "ERR_HTTP_CONTENT_LENGTH_MISMATCH", declared: 5, actual: 6 }
    ],
    [
      "a length and no body",
      { headers: ["content-length", "5"], body: "none" },
      { code: "ERR_HTTP_CONTENT_LENGTH_MISMATCH", declared: 5, actual: 0 }
    ],
    [
      "length 0 and a body",
      { headers: ["content-length", "0"], body: 5 },
      { code: "ERR_HTTP_CONTENT_LENGTH_MISMATCH", declared: 0, actual: 5 }
    ],
    ["Trailer beside a length", { headers: ["content-length", "5", "trailer", "a"], body: 5 }, trailers],
    [
      "trailers with a body that ends with the connection",
      { headers: ["transfer-encoding", "gzip"], body: "unknown", trailers: true },
      trailers
    ]
  ]
  it.each(refused)("refuses %s", (_, input, violation) => {
    // Encode twice, because a cached name is not validated again.
    expect(encode(input)).toEqual({ _tag: "Violation", ...violation })
    expect(encode(input)).toEqual({ _tag: "Violation", ...violation })
  })

  it("validates and recognises names correctly after many others", () => {
    for (let i = 0; i < 3000; i++) encode({ headers: [`x-${i}`, ""] })
    expect(encode({ headers: ["not seen before!", ""] })._tag).toBe("Violation")
    expect(encode({ headers: ["CONTENT-lenGTH", "1"], body: "unknown" })).toMatchObject({
      framing: length(1)
    })
  })

  it("is independent of the previous head", () => {
    const before = { headers: ["Transfer-Encoding", "gzip", "Connection", "close, keep-alive"] }
    encode({ ...before, body: "unknown" })
    expect(linesOf(encode({ versionMinor: 0, body: 1, headers: ["Connection", "x"] }))).toEqual([
      "HTTP/1.1 200 OK",
      "Connection: x",
      keep,
      "Content-Length: 1"
    ])
  })

  it("prints a repeated field like a single one, and refuses an invalid value after a valid one", () => {
    const long = "v".repeat(10_000)
    const values = ["a", "a", "b", "", "", long, long, "\u00e9", "b", "B"]
    for (const name of ["x-repeats", "X-Repeats"]) {
      for (const value of values) {
        expect(linesOf(encode({ headers: [name, value] }))).toContain(`${name}: ${value}`)
        for (const bad of ["a\n", "a\r\nb: c", "\u0100", "\0"]) {
          expect(encode({ headers: [name, bad] })).toMatchObject({ code: "ERR_INVALID_CHAR" })
        }
      }
    }
    for (const length of [4, 4, 5, 4]) {
      expect(encode({ headers: ["content-length", String(length)], body: "unknown" })).toMatchObject({
        framing: { _tag: "Length", length }
      })
    }
  })

  it("adds the right lines after their input changes", () => {
    expect(linesOf(encode({ date: "A", keepAliveTimeout: 5000 }))).toContain("Keep-Alive: timeout=5")
    expect(linesOf(encode({ date: "A", keepAliveTimeout: 6000 }))).toContain("Keep-Alive: timeout=6")
    expect(linesOf(encode({ date: "B", keepAliveTimeout: 6000 }))).toContain("Date: B")
    const limited = { date: "B", keepAliveTimeout: 6000, keepAliveMax: 2 }
    expect(linesOf(encode(limited))).toContain("Keep-Alive: timeout=6, max=2")
    expect(linesOf(encode({}))).toEqual(["HTTP/1.1 200 OK", keep, "Content-Length: 0"])
    expect(encode({ date: "\r\n" })._tag).toBe("Violation")
    expect(linesOf(encode({ date: "B" }))).toContain("Date: B")
  })
})

describe("against Node's ServerResponse", () => {
  interface Case {
    readonly method: string
    readonly versionMinor: 0 | 1
    readonly status: number
    readonly headers: ReadonlyArray<string>
    readonly body: string | undefined
    readonly keepAlive: boolean
    readonly timeout: number
  }
  const nodeHead = (it: Case): string => {
    const message = new http.ServerResponse({
      method: it.method,
      httpVersionMajor: 1,
      httpVersionMinor: it.versionMinor,
      headers: {}
    } as http.IncomingMessage)
    const inner = message as unknown as { _header: string; _keepAliveTimeout: number }
    message.shouldKeepAlive = it.keepAlive
    message.sendDate = false
    inner._keepAliveTimeout = it.timeout
    message.statusCode = it.status
    for (let i = 0; i < it.headers.length; i += 2) message.appendHeader(it.headers[i]!, it.headers[i + 1]!)
    if (it.body === undefined) message.flushHeaders()
    message.end(it.body)
    return inner._header
  }

  const field = fc.tuple(
    fc.stringMatching(/^x-[a-z]{1,8}$/),
    fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) })
  )
  const connection = fc.constantFrom(
    [],
    [],
    ["Connection", "close"],
    ["connection", "x"],
    ["Keep-Alive", "a"]
  )
  const cases: fc.Arbitrary<Case> = fc.record({
    method: fc.constantFrom("GET", "POST", "HEAD"),
    versionMinor: fc.constantFrom(0 as const, 1 as const, 1 as const),
    status: fc.constantFrom(200, 201, 204, 304, 404, 500, 599),
    headers: fc
      .tuple(fc.uniqueArray(field, { maxLength: 4, selector: ([name]) => name }), connection)
      .map(([fields, more]) => [...fields.flat(), ...more]),
    body: fc.option(fc.constantFrom("", "a", "hello"), { nil: undefined }),
    keepAlive: fc.boolean(),
    timeout: fc.constantFrom(0, 1000, 5500)
  })

  // Our encoder adds fields that Node lacks: the length for HEAD (RFC 9110 §9.3.2), the length of an HTTP/1.0
  // body, and `close` beside the user's `Connection`. So such heads are not compared.
  const comparable = (it: Case) =>
    !(it.method === "HEAD" && it.body !== undefined && it.status !== 204 && it.status !== 304) &&
    it.versionMinor === 1 &&
    (it.keepAlive || !it.headers.some((text) => text.toLowerCase() === "connection"))

  it("prints the same head, byte for byte", () => {
    fc.assert(
      fc.property(cases.filter(comparable), (it) => {
        const ours = encode({
          method: it.method,
          versionMinor: it.versionMinor,
          status: it.status,
          headers: it.headers,
          body: it.body === undefined ? "unknown" : it.body.length,
          keepAlive: it.keepAlive,
          keepAliveTimeout: it.timeout
        })
        expect(ours._tag === "EncodedHead" ? ours.head : ours).toBe(nodeHead(it))
      }),
      { numRuns: 1000 }
    )
  })
})

describe("encodeInformational", () => {
  it.each([
    [100, [], "HTTP/1.1 100 Continue\r\n\r\n"],
    [103, ["Link", "</a>; rel=preload"], "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n"],
    [199, ["Content-Length", "3", "a", "b"], "HTTP/1.1 199 unknown\r\na: b\r\n\r\n"]
  ])("%s", (status, headers, expected) => {
    expect(encodeInformational(status, headers)).toBe(expected)
  })

  it.each([
    [101, [], "ERR_HTTP_INVALID_STATUS_CODE"],
    [200, [], "ERR_HTTP_INVALID_STATUS_CODE"],
    [99, [], "ERR_HTTP_INVALID_STATUS_CODE"],
    [150.5, [], "ERR_HTTP_INVALID_STATUS_CODE"],
    [103, ["a", "\n"], "ERR_INVALID_CHAR"]
  ])("refuses %s %j", (status, headers, code) => {
    expect(encodeInformational(status, headers)).toMatchObject({ _tag: "Violation", code })
  })
})

it("the heads of 100 and 102 without fields are constants", () => {
  expect(continueHead).toBe(encodeInformational(100, []))
  expect(processingHead).toBe(encodeInformational(102, []))
})

describe("tables", () => {
  // The lists of later Node versions differ in a few entries.
  it.runIf(process.versions.node.startsWith("20."))("are those of Node 20", () => {
    expect(STATUS_CODES).toEqual(http.STATUS_CODES)
    expect(METHODS).toEqual(http.METHODS)
  })
})
