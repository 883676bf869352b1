/** Request heads: tables of what is printed and what is refused. */
import { describe, expect, it } from "vitest"
import {
  encodeRequestHead,
  type CloseReason,
  type Framing,
  type RequestHeadInput,
  type Violation
} from "@httpfx/core/wire"

const encode = (input: Partial<RequestHeadInput>) =>
  encodeRequestHead({ method: "GET", target: "/", headers: [], body: "none", keepAlive: true, ...input })

const keep = "Connection: keep-alive"
const none: Framing = { _tag: "None" }
const chunked: Framing = { _tag: "Chunked" }
const length = (length: number): Framing => ({ _tag: "Length", length })

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
  }
]

describe("encodeRequestHead", () => {
  for (const vector of vectors) {
    it(vector.what, () => {
      const result = encode(vector.input)
      if (result._tag === "Violation") throw new Error(JSON.stringify(result))
      expect(result.head).toBe(vector.lines.join("\r\n") + "\r\n\r\n")
      expect(result).toMatchObject({ framing: vector.framing, close: vector.close })
    })
  }

  it.each(["GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "CONNECT"])(
    "%s without a body has no framing",
    (method) => {
      expect(encode({ method, body: 0 })).toMatchObject({ framing: none })
      expect(encode({ method })).toMatchObject({ head: `${method} / HTTP/1.1\r\n${keep}\r\n\r\n` })
    }
  )

  it.each(["POST", "PUT", "PATCH", "PROPFIND"])("%s without a body says so", (method) => {
    expect(encode({ method })).toMatchObject({
      head: `${method} / HTTP/1.1\r\n${keep}\r\nContent-Length: 0\r\n\r\n`,
      framing: length(0)
    })
  })

  const refused: ReadonlyArray<[string, Partial<RequestHeadInput>, Partial<Violation>]> = [
    ["a split through the method", { method: "GET / HTTP/1.1\r\nA:" }, { code: "ERR_INVALID_HTTP_TOKEN" }],
    ["no method", { method: "" }, { code: "ERR_INVALID_HTTP_TOKEN" }],
    ["a split through the target", { target: "/ HTTP/1.1\r\nA: b" }, { code: "ERR_UNESCAPED_CHARACTERS" }],
    ["no target", { target: "" }, { code: "ERR_UNESCAPED_CHARACTERS" }],
    ["a split through the host", { host: "a\r\nb: c" }, { code: "ERR_INVALID_CHAR", name: "Host" }],
    ["a split through a value", { headers: ["a", "1\n"] }, { code: "ERR_INVALID_CHAR", name: "a" }],
    ["a body of no number of bytes", { body: NaN }, { code: "ERR_HTTPFX_FIELD_CONFLICT" }],
    ["a body of infinitely many", { body: Infinity }, { code: "ERR_HTTPFX_FIELD_CONFLICT" }],
    [
      "two Hosts",
      { headers: ["Host", "a", "host", "a"] },
      { code: "ERR_HTTPFX_FIELD_CONFLICT", name: "Host", reason: "Repeated" }
    ],
    [
      "a last coding other than chunked",
      {
        method: "POST",
        headers: ["Transfer-Encoding", "chunked", "transfer-encoding", "gzip"],
        body: "unknown"
      },
      { code: "ERR_HTTPFX_FIELD_CONFLICT", reason: "ChunkedNotLast" }
    ],
    [
      "a coding without chunked",
      { method: "POST", headers: ["Transfer-Encoding", "xchunked"], body: "unknown" },
      { code: "ERR_HTTPFX_FIELD_CONFLICT", reason: "ChunkedNotLast" }
    ],
    [
      "both framings",
      { method: "POST", headers: ["Content-Length", "3", "Transfer-Encoding", "chunked"], body: 3 },
      { code: "ERR_HTTPFX_FIELD_CONFLICT", reason: "BesideTransferEncoding" }
    ],
    [
      "a coding that is no token",
      { method: "POST", headers: ["Transfer-Encoding", "chun ked"], body: 3 },
      { code: "ERR_HTTPFX_FIELD_CONFLICT", reason: "Malformed" }
    ],
    [
      "another length than the body has",
      { method: "POST", headers: ["Content-Length", "3"], body: 4 },
      { code: "ERR_HTTP_CONTENT_LENGTH_MISMATCH", declared: 3, actual: 4 }
    ],
    ["a body on TRACE", { method: "TRACE", body: 1 }, { code: "ERR_HTTP_BODY_NOT_ALLOWED" }],
    ["a stream on CONNECT", { method: "CONNECT", body: "unknown" }, { code: "ERR_HTTP_BODY_NOT_ALLOWED" }],
    [
      "a length on CONNECT",
      { method: "CONNECT", headers: ["Content-Length", "0"] },
      { code: "ERR_HTTPFX_FIELD_CONFLICT", name: "Content-Length", reason: "NotForMethod" }
    ],
    [
      "a coding on TRACE",
      { method: "TRACE", headers: ["Transfer-Encoding", "chunked"] },
      { code: "ERR_HTTPFX_FIELD_CONFLICT", name: "Transfer-Encoding", reason: "NotForMethod" }
    ],
    [
      "Trailer beside a length",
      { method: "POST", headers: ["Trailer", "a", "Content-Length", "1"], body: 1 },
      { code: "ERR_HTTP_TRAILER_INVALID" }
    ],
    ["trailers on CONNECT", { method: "CONNECT", trailers: true }, { code: "ERR_HTTP_TRAILER_INVALID" }]
  ]
  it.each(refused)("refuses %s", (_, input, violation) => {
    expect(encode(input)).toMatchObject({ _tag: "Violation", ...violation })
  })
})
