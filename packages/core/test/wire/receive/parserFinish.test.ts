/** The end of the stream at every position of a message. */
import { type ParserOptions, presets, RequestParser, ResponseParser } from "@httpfx/core/wire"
import { assert, describe, it } from "@effect/vitest"

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1")

/** A parser of responses that records its events, and pauses in one kind of callback. */
const responses = (pauseIn?: "head" | "data" | "complete", options?: ParserOptions) => {
  const log: Array<string> = []
  const note = (kind: "head" | "data" | "complete", line: string): void => {
    log.push(line)
    if (kind === pauseIn) parser.pause()
  }
  const parser: ResponseParser = new ResponseParser(
    {
      head: (head) => {
        note("head", `head ${head.status}`)
        return 0
      },
      data: (slice) => note("data", `data ${Buffer.from(slice).toString("latin1")}`),
      complete: () => note("complete", "complete")
    },
    options
  )
  return { parser, log }
}

describe("finish", () => {
  it("completes a body framed by the end of the connection, once", () => {
    const { parser, log } = responses()
    parser.execute(bytes("HTTP/1.1 200 OK\r\n\r\nhello"))
    assert.strictEqual(parser.phase, "body")
    assert.isUndefined(parser.finish())
    assert.isUndefined(parser.finish())
    assert.deepStrictEqual(log, ["head 200", "data hello", "complete"])
    assert.strictEqual(parser.phase, "closed")
  })

  it("is accepted between messages, and after one that closes the connection", () => {
    const { parser } = responses()
    assert.isUndefined(parser.finish())
    parser.execute(bytes("HTTP/1.1 204 No Content\r\n\r\n"))
    assert.isUndefined(parser.finish())
    parser.execute(bytes("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"))
    assert.strictEqual(parser.phase, "closed")
    assert.isUndefined(parser.finish())
  })

  const inside: ReadonlyArray<readonly [string, string]> = [
    ["a version", "HTTP/1."],
    ["a status line", "HTTP/1.1 200 O"],
    ["a field name", "HTTP/1.1 200 OK\r\nA"],
    ["a field value", "HTTP/1.1 200 OK\r\nA: b"],
    ["the empty line", "HTTP/1.1 200 OK\r\n\r"],
    ["a body of known length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"],
    ["a chunk's size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5"],
    ["a chunk's data", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhell"],
    ["the line break after a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r"],
    ["trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n"]
  ]
  for (const [where, text] of inside) {
    it(`refuses an end inside ${where}`, () => {
      const { parser, log } = responses()
      parser.execute(bytes(text))
      const refusal = parser.finish()
      assert.strictEqual(refusal?.code, "HPE_INVALID_EOF_STATE")
      assert.strictEqual(refusal?.reason, "Invalid EOF state")
      assert.strictEqual(refusal?.offset, text.length)
      assert.strictEqual(refusal?.bytesParsed, 0)
      assert.strictEqual(parser.phase, "refused")
      assert.isUndefined(parser.finish(), "said once")
      assert.notInclude(log, "complete")
    })
  }

  it("reports events postponed by a pause, if they need no more bytes", () => {
    for (const pauseIn of ["head", "data"] as const) {
      const { parser, log } = responses(pauseIn)
      const text =
        pauseIn === "head"
          ? "HTTP/1.1 204 No Content\r\n\r\n"
          : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
      assert.strictEqual(parser.execute(bytes(text)), text.length)
      assert.isUndefined(parser.finish(), "nothing while paused")
      assert.notInclude(log, "complete")
      parser.resume()
      assert.isUndefined(parser.finish())
      assert.strictEqual(log.at(-1), "complete")
    }
  })

  it("refuses an incomplete message after a pause, too", () => {
    const { parser } = responses("head")
    parser.execute(bytes("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"))
    parser.resume()
    assert.strictEqual(parser.finish()?.code, "HPE_INVALID_EOF_STATE")
  })

  it("refuses a message that is incomplete according to its head, as soon as a pause is over", () => {
    const parser: RequestParser = new RequestParser(
      {
        head: () => {
          parser.pause()
          return 0
        },
        data: () => undefined,
        complete: () => undefined
      },
      { flags: presets.node }
    )
    parser.execute(bytes("POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n"))
    assert.isUndefined(parser.refusal)
    parser.resume()
    const refusal = parser.finish()
    assert.strictEqual(refusal?.code, "HPE_INVALID_TRANSFER_ENCODING")
    assert.strictEqual(refusal?.flag, "chunkedNotLast")
  })
})
