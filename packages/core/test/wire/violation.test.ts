/** The messages of violations equal the messages of the errors that Node throws in the same situations. */
import * as http from "node:http"
import { describe, expect, it } from "vitest"
import {
  bodyNotAllowed,
  errorClassOf,
  headersSent,
  messageOf,
  trailersNotChunked,
  upgradeNotAsked,
  writeAfterEnd,
  type Violation
} from "@httpfx/core/wire"

// Node's types declare only the first argument.
const ServerResponse = http.ServerResponse as unknown as new (
  request: object,
  options: object
) => http.ServerResponse
const response = (method = "GET", options: object = {}) =>
  new ServerResponse({ method, httpVersionMajor: 1, httpVersionMinor: 1, headers: {} }, options)
const sent = () => {
  const message = response()
  message.writeHead(200)
  return message
}

const table: ReadonlyArray<{ readonly violation: Violation; readonly node: () => unknown }> = [
  {
    violation: { _tag: "Violation", code: "ERR_INVALID_HTTP_TOKEN", what: "Header name", value: "a b" },
    node: () => response().setHeader("a b", "1")
  },
  {
    violation: { _tag: "Violation", code: "ERR_INVALID_HTTP_TOKEN", what: "Method", value: "G T" },
    node: () => http.request({ method: "G T" })
  },
  {
    violation: { _tag: "Violation", code: "ERR_INVALID_HTTP_TOKEN", what: "Trailer name", value: "" },
    node: () => response().addTrailers({ "": "1" })
  },
  {
    violation: { _tag: "Violation", code: "ERR_HTTP_INVALID_HEADER_VALUE", name: "Foo", value: undefined },
    node: () => response().setHeader("Foo", undefined as never)
  },
  {
    violation: { _tag: "Violation", code: "ERR_INVALID_CHAR", what: "header content", name: "Foo" },
    node: () => response().setHeader("Foo", "a\nb")
  },
  {
    violation: { _tag: "Violation", code: "ERR_INVALID_CHAR", what: "trailer content", name: "Foo" },
    node: () => response().addTrailers({ Foo: "a\rb" })
  },
  {
    violation: { _tag: "Violation", code: "ERR_INVALID_CHAR", what: "statusMessage" },
    node: () => response().writeHead(200, "a\nb")
  },
  {
    violation: { _tag: "Violation", code: "ERR_HTTP_INVALID_STATUS_CODE", status: 99 },
    node: () => response().writeHead(99)
  },
  {
    violation: { _tag: "Violation", code: "ERR_HTTP_TRAILER_INVALID" },
    node: () => response().writeHead(200, { "content-length": "3", trailer: "x" })
  },
  {
    violation: { _tag: "Violation", code: "ERR_HTTP_CONTENT_LENGTH_MISMATCH", declared: 3, actual: 2 },
    node: () => {
      const message = response()
      message.strictContentLength = true
      message.setHeader("content-length", 3)
      message.end("ab")
    }
  },
  {
    violation: { _tag: "Violation", code: "ERR_HTTP_BODY_NOT_ALLOWED" },
    node: () => response("HEAD", { rejectNonStandardBodyWrites: true }).write("a")
  },
  {
    violation: { _tag: "Violation", code: "ERR_HTTP_HEADERS_SENT", what: "set" },
    node: () => sent().setHeader("a", "b")
  },
  {
    violation: { _tag: "Violation", code: "ERR_HTTP_HEADERS_SENT", what: "write" },
    node: () => sent().writeHead(200)
  },
  {
    violation: { _tag: "Violation", code: "ERR_UNESCAPED_CHARACTERS", what: "Request path" },
    node: () => http.request({ path: "/a b" })
  },
  {
    violation: { _tag: "Violation", code: "ERR_INVALID_PROTOCOL", protocol: "ftp:", expected: "http:" },
    node: () => http.request({ protocol: "ftp:" })
  }
]

const thrown = (f: () => unknown): { name: string; code: string; message: string } => {
  try {
    f()
  } catch (error) {
    const { code, message, name } = error as Error & { code: string }
    return { name, code, message }
  }
  throw new Error("Node threw nothing")
}

describe("messages of violations", () => {
  for (const { node, violation } of table) {
    it(`${violation.code}: ${messageOf(violation)}`, () => {
      const { code, message, name } = thrown(node)
      expect({
        name: errorClassOf[violation.code],
        code: violation.code,
        message: messageOf(violation)
      }).toEqual({ name, code, message })
    })
  }

  it("after the end, as Node's stream", async () => {
    const message = response()
    const error = await new Promise<Error>((resolve) => {
      message.on("error", resolve)
      message.end()
      message.write("x")
    })
    expect((error as Error & { code: string }).code).toBe("ERR_STREAM_WRITE_AFTER_END")
    expect(error.message).toBe(messageOf({ _tag: "Violation", code: "ERR_STREAM_WRITE_AFTER_END" }))
  })

  const own = { _tag: "Violation" } as const
  const conflict = { ...own, code: "ERR_HTTPFX_FIELD_CONFLICT" } as const
  const ours: ReadonlyArray<readonly [Violation, string, string]> = [
    [
      { ...conflict, name: "Content-Length", reason: "Repeated" },
      'Field "Content-Length" is repeated with different values',
      "Error"
    ],
    [
      { ...conflict, name: "Content-Length", reason: "Malformed" },
      'Field "Content-Length" has a malformed value',
      "Error"
    ],
    [
      { ...conflict, name: "Content-Length", reason: "BesideTransferEncoding" },
      'Field "Content-Length" must not be sent with Transfer-Encoding',
      "Error"
    ],
    [
      { ...conflict, name: "Transfer-Encoding", reason: "ChunkedNotLast" },
      'Field "Transfer-Encoding" must have "chunked" once, as the last coding',
      "Error"
    ],
    [
      { ...conflict, name: "Transfer-Encoding", reason: "NotForVersion" },
      'Field "Transfer-Encoding" must not be sent to an HTTP/1.0 peer',
      "Error"
    ],
    [
      { ...conflict, name: "Content-Length", reason: "NotForMethod" },
      'Field "Content-Length" announces a body that the request method cannot have',
      "Error"
    ],
    [
      { ...own, code: "ERR_HTTPFX_OUT_OF_ORDER", half: "response", state: "idle", signal: "head" },
      'The response half of the connection does not permit "head" in the state "idle"',
      "Error"
    ],
    [
      { ...own, code: "ERR_HTTP_TRAILER_INVALID", name: "Host" },
      'Field "Host" is not allowed in trailers',
      "Error"
    ],
    [
      upgradeNotAsked,
      "A switch of protocols (101, or 2xx to CONNECT) needs a request that asked for it",
      "Error"
    ],
    // Node prints the value with `util.inspect`, so its own message is longer.
    [
      { ...own, code: "ERR_INVALID_ARG_VALUE", what: "hints", value: "bad" },
      `The argument 'hints' must be an array or string of format "</styles.css>; rel=preload; as=style". Received 'bad'`,
      "TypeError"
    ]
  ]
  it.each(ours)("our own: %j", (violation, message, name) => {
    expect(messageOf(violation)).toBe(message)
    expect(errorClassOf[violation.code]).toBe(name)
  })

  it("those without properties, and headersSent", () => {
    expect(bodyNotAllowed).toEqual({ ...own, code: "ERR_HTTP_BODY_NOT_ALLOWED" })
    expect(trailersNotChunked).toEqual({ ...own, code: "ERR_HTTP_TRAILER_INVALID" })
    expect(writeAfterEnd).toEqual({ ...own, code: "ERR_STREAM_WRITE_AFTER_END" })
    expect(upgradeNotAsked).toEqual({ ...own, code: "ERR_HTTPFX_UPGRADE_NOT_ASKED" })
    expect(headersSent("set")).toEqual({ ...own, code: "ERR_HTTP_HEADERS_SENT", what: "set" })
    expect(errorClassOf.ERR_STREAM_WRITE_AFTER_END).toBe("Error")
  })
})
