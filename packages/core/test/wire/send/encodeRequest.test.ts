/** Heads of requests: tables of encoded heads and of refused input. */
import { describe, expect, it } from "vitest"
import {
  encodeRequestHead,
  type CloseReason,
  type FieldConflict,
  type Framing,
  type RequestHeadInput,
  type Violation
} from "@httpfx/core/wire"

/** A violation without its tag. */
type Facts<V = Violation> = V extends unknown ? Omit<V, "_tag"> : never

const encode = (input: Partial<RequestHeadInput>) =>
  encodeRequestHead({ method: "GET", target: "/", headers: [], body: "none", keepAlive: true, ...input })

const keep = "Connection: keep-alive"
const none: Framing = { _tag: "None" }
const chunked: Framing = { _tag: "Chunked" }
const length = (length: number): Framing => ({ _tag: "Length", length })

const unescaped = { code: "ERR_UNESCAPED_CHARACTERS", what: "Request path" } as const
const trailers = { code: "ERR_HTTP_TRAILER_INVALID" } as const
const invalid = (name: string) => ({ code: "ERR_INVALID_CHAR", what: "header content", name }) as const
const conflict = (name: string, reason: FieldConflict) =>
  ({ code: "ERR_HTTPFX_FIELD_CONFLICT", name, reason }) as const

interface Vector {
  readonly what: string
  readonly input: Partial<RequestHeadInput>
  readonly lines: ReadonlyArray<string>
  readonly framing: Framing
  readonly close?: CloseReason
}

const vectors: ReadonlyArray<Vector> = [
  {
    what: "a GET, with Host first (RFC 9110 §7.2)",
    input: { headers: ["Accept", "*/*"], host: "a:1" },
    lines: ["GET / HTTP/1.1", "Host: a:1", "Accept: */*", keep],
    framing: none
  },
  {
    what: "the user's Host stays alone, where it was",
    input: { headers: ["Accept", "*/*", "hOST", "b"], host: "a:1" },
    lines: ["GET / HTTP/1.1", "Accept: */*", "hOST: b", keep],
    framing: none
  },
  {
    what: "an empty Host is one (RFC 9112 §3.2)",
    input: { host: "" },
    lines: ["GET / HTTP/1.1", "Host: ", keep],
    framing: none
  },
  {
    what: "a connection of one request",
    input: { keepAlive: false },
    lines: ["GET / HTTP/1.1", "Connection: close"],
    framing: none,
    close: "RequestClose"
  },
  {
    what: "the user's close",
    input: { headers: ["connection", "Close"] },
    lines: ["GET / HTTP/1.1", "connection: Close"],
    framing: none,
    close: "RequestClose"
  },
  {
    what: "an upgrade",
    input: { headers: ["Connection", "Upgrade", "Upgrade", "websocket"] },
    lines: ["GET / HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket", keep].slice(0, 3),
    framing: none
  },
  {
    what: "a POST of known length",
    input: { method: "POST", body: 3 },
    lines: ["POST / HTTP/1.1", keep, "Content-Length: 3"],
    framing: length(3)
  },
  {
    what: "a POST of unknown length",
    input: { method: "POST", body: "unknown" },
    lines: ["POST / HTTP/1.1", keep, "Transfer-Encoding: chunked"],
    framing: chunked
  },
  {
    what: "trailers make it chunked",
    input: { method: "POST", body: 3, trailers: true },
    lines: ["POST / HTTP/1.1", keep, "Transfer-Encoding: chunked"],
    framing: chunked
  },
  {
    what: "a GET with a body, framed whatever its method says",
    input: { body: "unknown" },
    lines: ["GET / HTTP/1.1", keep, "Transfer-Encoding: chunked"],
    framing: chunked
  },
  {
    what: "the user's length",
    input: { method: "PUT", body: "unknown", headers: ["Content-Length", "9"] },
    lines: ["PUT / HTTP/1.1", "Content-Length: 9", keep],
    framing: length(9)
  },
  {
    what: "the user's coding",
    input: { method: "PUT", body: 9, headers: ["Transfer-Encoding", "gzip, chunked"] },
    lines: ["PUT / HTTP/1.1", "Transfer-Encoding: gzip, chunked", keep],
    framing: chunked
  },
  {
    what: "a target with bytes above ASCII",
    input: { target: "/\u00c3\u00a9?\u00ff" },
    lines: ["GET /\u00c3\u00a9?\u00ff HTTP/1.1", keep],
    framing: none
  },
  {
    what: "a method that is only a token",
    input: { method: "BREW", target: "*" },
    lines: ["BREW * HTTP/1.1", keep, "Content-Length: 0"],
    framing: length(0)
  },
  {
    what: "a user's Connection of another option goes with either",
    input: { headers: ["Connection", "x"] },
    lines: ["GET / HTTP/1.1", "Connection: x"],
    framing: none
  },
  {
    what: "a user's Connection of another option does not close",
    input: { headers: ["Connection", "x"], keepAlive: false },
    lines: ["GET / HTTP/1.1", "Connection: x", "Connection: close"],
    framing: none,
    close: "RequestClose"
  },
  {
    what: "the user's close is said once",
    input: { headers: ["Connection", "x, close"], keepAlive: false },
    lines: ["GET / HTTP/1.1", "Connection: x, close"],
    framing: none,
    close: "RequestClose"
  },
  {
    what: "two codings in two fields, with parameters and empty elements",
    input: {
      method: "PUT",
      body: 1,
      headers: ["Transfer-Encoding", "gzip ; q=1,", "transfer-encoding", ",chunked"]
    },
    lines: ["PUT / HTTP/1.1", "Transfer-Encoding: gzip ; q=1,", "transfer-encoding: ,chunked", keep],
    framing: chunked
  },
  {
    what: "trailers behind a GET without a body",
    input: { trailers: true },
    lines: ["GET / HTTP/1.1", keep, "Transfer-Encoding: chunked"],
    framing: chunked
  },
  {
    what: "a user's Trailer behind a body of known length",
    input: { method: "POST", body: 3, headers: ["Trailer", "a"] },
    lines: ["POST / HTTP/1.1", "Trailer: a", keep, "Transfer-Encoding: chunked"],
    framing: chunked
  },
  {
    what: "the user's length of nothing",
    input: { method: "GET", headers: ["Content-Length", "0"] },
    lines: ["GET / HTTP/1.1", "Content-Length: 0", keep],
    framing: length(0)
  },
  {
    what: "the user's length for a stream",
    input: { method: "GET", headers: ["Content-Length", "5"], body: "unknown" },
    lines: ["GET / HTTP/1.1", "Content-Length: 5", keep],
    framing: length(5)
  },
  {
    what: "without defaults nothing is added but Host",
    input: { method: "POST", host: "a", defaults: false },
    lines: ["POST / HTTP/1.1", "Host: a"],
    framing: none
  },
  {
    what: "nor is close, which counts all the same",
    input: { method: "GET", keepAlive: false, defaults: false },
    lines: ["GET / HTTP/1.1"],
    framing: none,
    close: "RequestClose"
  },
  {
    what: "without defaults the user's fields frame",
    input: { method: "POST", headers: ["Content-Length", "2"], body: 2, defaults: false },
    lines: ["POST / HTTP/1.1", "Content-Length: 2"],
    framing: length(2)
  },
  {
    what: "and chunk",
    input: { method: "POST", headers: ["Transfer-Encoding", "chunked"], body: "unknown", defaults: false },
    lines: ["POST / HTTP/1.1", "Transfer-Encoding: chunked"],
    framing: chunked
  }
]

describe("encodeRequestHead", () => {
  for (const vector of vectors) {
    it(vector.what, () => {
      const result = encode(vector.input)
      if (result._tag === "Violation") throw new Error(JSON.stringify(result))
      expect(result).toEqual({
        _tag: "EncodedHead",
        head: vector.lines.join("\r\n") + "\r\n\r\n",
        framing: vector.framing,
        close: vector.close
      })
    })
  }

  it.each(["GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "CONNECT"])(
    "%s without a body has no framing",
    (method) => {
      expect(encode({ method, body: 0 })).toMatchObject({ framing: none })
      expect(encode({ method })).toMatchObject({ head: `${method} / HTTP/1.1\r\n${keep}\r\n\r\n` })
    }
  )

  it.each(["POST", "PUT", "PATCH", "PROPFIND"])("%s without a body has Content-Length: 0", (method) => {
    expect(encode({ method })).toMatchObject({
      head: `${method} / HTTP/1.1\r\n${keep}\r\nContent-Length: 0\r\n\r\n`,
      framing: length(0)
    })
  })

  const refused: ReadonlyArray<[string, Partial<RequestHeadInput>, Facts]> = [
    [
      "a line break in the method",
      { method: "GET / HTTP/1.1\r\nA:" },
      { code: "ERR_INVALID_HTTP_TOKEN", what: "Method", value: "GET / HTTP/1.1\r\nA:" }
    ],
    ["no method", { method: "" }, { code: "ERR_INVALID_HTTP_TOKEN", what: "Method", value: "" }],
    ["a line break in the target", { target: "/ HTTP/1.1\r\nA: b" }, unescaped],
    ["no target", { target: "" }, unescaped],
    ["a line break in the host", { host: "a\r\nb: c" }, invalid("Host")],
    ["a line break in a value", { headers: ["a", "1\n"] }, invalid("a")],
    [
      "an invalid name",
      { headers: ["a b", "1"] },
      { code: "ERR_INVALID_HTTP_TOKEN", what: "Header name", value: "a b" }
    ],
    [
      "a name without a value",
      { headers: ["a"] },
      { code: "ERR_HTTP_INVALID_HEADER_VALUE", name: "a", value: undefined }
    ],
    ["a body whose length is NaN", { body: NaN }, conflict("Content-Length", "Malformed")],
    ["a body of infinite length", { body: Infinity }, conflict("Content-Length", "Malformed")],
    ["a body of negative length", { body: -1 }, conflict("Content-Length", "Malformed")],
    ["two Hosts", { headers: ["Host", "a", "host", "a"] }, conflict("Host", "Repeated")],
    [
      "two lengths",
      { headers: ["Content-Length", "1", "content-length", "2"] },
      conflict("Content-Length", "Repeated")
    ],
    [
      "two lengths, one of which is 0",
      { headers: ["Content-Length", "0", "content-length", "2"] },
      conflict("Content-Length", "Repeated")
    ],
    ["an invalid length", { headers: ["Content-Length", "1a"] }, conflict("Content-Length", "Malformed")],
    [
      "a last coding other than chunked",
      {
        method: "POST",
        headers: ["Transfer-Encoding", "chunked", "transfer-encoding", "gzip"],
        body: "unknown"
      },
      conflict("Transfer-Encoding", "ChunkedNotLast")
    ],
    [
      "a coding without chunked",
      { method: "POST", headers: ["Transfer-Encoding", "xchunked"], body: "unknown" },
      conflict("Transfer-Encoding", "ChunkedNotLast")
    ],
    [
      "no coding in the field",
      { headers: ["Transfer-Encoding", ","] },
      conflict("Transfer-Encoding", "ChunkedNotLast")
    ],
    [
      "both framings",
      { method: "POST", headers: ["Content-Length", "3", "Transfer-Encoding", "chunked"], body: 3 },
      conflict("Content-Length", "BesideTransferEncoding")
    ],
    [
      "both framings, with length 0",
      { method: "POST", headers: ["Transfer-Encoding", "chunked", "Content-Length", "0"], body: 0 },
      conflict("Content-Length", "BesideTransferEncoding")
    ],
    [
      "a coding that is not a token",
      { method: "POST", headers: ["Transfer-Encoding", "chun ked"], body: 3 },
      conflict("Transfer-Encoding", "Malformed")
    ],
    [
      "a parameter without a coding",
      { method: "POST", headers: ["Transfer-Encoding", ";q=1, chunked"], body: 3 },
      conflict("Transfer-Encoding", "Malformed")
    ],
    [
      "a length that differs from the body's",
      { method: "POST", headers: ["Content-Length", "3"], body: 4 },
      { code: "ERR_HTTP_CONTENT_LENGTH_MISMATCH", declared: 3, actual: 4 }
    ],
    [
      "a length and no body",
      { method: "POST", headers: ["Content-Length", "3"] },
      { code: "ERR_HTTP_CONTENT_LENGTH_MISMATCH", declared: 3, actual: 0 }
    ],
    [
      "length 0 and a body",
      { method: "POST", headers: ["Content-Length", "0"], body: 2 },
      { code: "ERR_HTTP_CONTENT_LENGTH_MISMATCH", declared: 0, actual: 2 }
    ],
    ["a body on TRACE", { method: "TRACE", body: 1 }, { code: "ERR_HTTP_BODY_NOT_ALLOWED" }],
    ["a stream on CONNECT", { method: "CONNECT", body: "unknown" }, { code: "ERR_HTTP_BODY_NOT_ALLOWED" }],
    [
      "a length on CONNECT",
      { method: "CONNECT", headers: ["Content-Length", "0"] },
      conflict("Content-Length", "NotForMethod")
    ],
    [
      "a coding on TRACE",
      { method: "TRACE", headers: ["Transfer-Encoding", "chunked"] },
      conflict("Transfer-Encoding", "NotForMethod")
    ],
    [
      "Trailer beside a length",
      { method: "POST", headers: ["Trailer", "a", "Content-Length", "1"], body: 1 },
      trailers
    ],
    [
      "trailers beside a length",
      { method: "POST", headers: ["Content-Length", "1"], body: 1, trailers: true },
      trailers
    ],
    ["trailers on CONNECT", { method: "CONNECT", trailers: true }, trailers],
    // With `defaults: false`, only the user's fields can frame a body.
    [
      "a body without framing fields",
      { method: "POST", body: 3, defaults: false },
      { code: "ERR_HTTP_BODY_NOT_ALLOWED" }
    ],
    [
      "a stream without framing fields",
      { method: "POST", body: "unknown", defaults: false },
      { code: "ERR_HTTP_BODY_NOT_ALLOWED" }
    ],
    [
      "the body of a GET without framing fields",
      { body: 3, defaults: false },
      { code: "ERR_HTTP_BODY_NOT_ALLOWED" }
    ],
    ["trailers without framing fields", { method: "POST", trailers: true, defaults: false }, trailers]
  ]
  it.each(refused)("refuses %s", (_, input, violation) => {
    expect(encode(input)).toEqual({ _tag: "Violation", ...violation })
  })
})
