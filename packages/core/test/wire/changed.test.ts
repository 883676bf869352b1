/**
 * The fast paths of the parser give the same events as its slow path. In usual messages, one byte is changed,
 * removed or doubled. A single chunk takes the fast paths, and chunks of three bytes take the slow path.
 */
import { METHODS, presets, RequestParser } from "@httpfx/core/wire"
import { assert, describe, it } from "@effect/vitest"
import { run, type Setup } from "./receive/vectors/log.js"

const requests: Readonly<Record<string, string>> = {
  GET: "GET /a?b=1 HTTP/1.1\r\nHost: a.b:80\r\nAccept: */*\r\nConnection: keep-alive\r\n\r\n",
  HEAD: "HEAD / HTTP/1.1\r\nhost: a\r\nProxy-Connection: close\r\n\r\n",
  PUT: "PUT /x HTTP/1.1\r\nHost: a\r\nX-Long: 0123456789abcdef\r\nContent-Length: 1\r\n\r\nx",
  POST: "POST / HTTP/1.1\r\nHost: a\r\nUpgrade: b\r\nConnection: upgrade\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
}
const responses: Readonly<Record<string, string>> = {
  "a response": "HTTP/1.1 200 OK\r\nServer: a\r\nContent-Length: 1\r\n\r\nx",
  "the last response": "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\nx"
}

// NUL, tab, line breaks, separators, a letter, the neighbours of the capital letters in ASCII, and other
// bytes.
const bytes = [0, 9, 10, 13, 32, 45, 47, 58, 63, 64, 91, 107, 127, 128]

const changed = function* (text: string): Generator<string> {
  for (let at = 0; at < text.length; at++) {
    const before = text.slice(0, at)
    const behind = text.slice(at + 1)
    yield before + behind
    yield before + text[at]! + text[at]! + behind
    // The bit 32 changes the case of a letter. It changes other characters to other bytes.
    yield before + String.fromCharCode(text.charCodeAt(at) ^ 32) + behind
    for (const byte of bytes) yield before + String.fromCharCode(byte) + behind
  }
}

const byThrees = (length: number): ReadonlyArray<number> =>
  Array.from({ length: Math.ceil(length / 3) }, (_, piece) => Math.min(3 * piece + 3, length))

const compare = (role: Setup["role"], text: string): void => {
  for (const preset of ["strict", "insecure"] as const) {
    const setup: Setup = { role, answers: "read", flags: presets[preset], limits: {} }
    for (const one of changed(text)) {
      const stream = Buffer.from(one, "latin1")
      const whole = run(setup, stream, [stream.length]).lines
      const pieces = run(setup, stream, byThrees(stream.length)).lines
      if (whole.join("\n") !== pieces.join("\n"))
        assert.deepStrictEqual(whole, pieces, `${preset}, ${JSON.stringify(one)}`)
    }
  }
}

describe("one byte changed, removed or doubled", () => {
  for (const [name, text] of Object.entries(requests)) it(`in ${name}`, () => compare("request", text))
  for (const [name, text] of Object.entries(responses)) it(`in ${name}`, () => compare("response", text))
})

describe("methods", () => {
  const known = new Set(METHODS)
  const events = { head: () => 0, data: () => {}, complete: () => {} }
  /**
   * Returns the method that a parser reads from a request line with `method`; `undefined` if it is refused.
   */
  const taken = (method: string, size: number): string | undefined => {
    let seen: string | undefined
    const head = ({ method }: { readonly method: string }): number => {
      seen = method
      return 0
    }
    const parser = new RequestParser({ ...events, head })
    const target = method === "CONNECT" ? "a:1" : method === "OPTIONS" ? "*" : "/"
    const stream = Buffer.from(`${method} ${target} HTTP/1.1\r\nHost: a:1\r\n\r\n`, "latin1")
    for (let at = 0; at < stream.length; at += size) parser.execute(stream.subarray(at, at + size))
    return seen
  }
  it.each(METHODS)(
    "%s is accepted, and with a changed letter only if that is a known method too",
    (method) => {
      for (const size of [100, 1, 2]) {
        assert.strictEqual(taken(method, size), method)
        for (let at = 0; at <= method.length; at++) {
          for (const letter of "ACDEGHKLMNOPRSTUVx- ") {
            for (const other of [
              method.slice(0, at) + letter + method.slice(at + 1),
              method.slice(0, at) + letter + method.slice(at)
            ]) {
              const expected = known.has(other) ? other : undefined
              // If a space splits the method, the rest is not a valid target, so the request is refused.
              assert.strictEqual(taken(other, size), expected, `${other}, in pieces of ${size}`)
            }
          }
        }
      }
    }
  )
})
