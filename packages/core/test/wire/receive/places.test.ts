/**
 * Every byte at every position of each text in a message. The bytes that the grammar permits are accepted
 * unchanged, and all other bytes are refused.
 */
import { Body, RequestParser, ResponseParser } from "@httpfx/core/wire"
import { assert, describe, it } from "@effect/vitest"

type Role = "request" | "response"

interface Text {
  readonly role: Role
  readonly before: string
  readonly behind: string
  /** Matches each permitted byte, as one character. */
  readonly allowed: RegExp
  /** Characters that end this text. They are skipped here, because the vectors cover them. */
  readonly ends?: string
  /** Returns the text from the parsed message. Omitted if the parser does not report the text. */
  readonly told?: (told: Told) => string | undefined
}

interface Told {
  readonly line: string
  readonly fields: ReadonlyArray<string>
  readonly trailers: ReadonlyArray<string>
}

const chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]/
const value = /[\t -~\x80-\xff]/

// RFC 9112 §3.2, §4, §5, §7.1.1 and RFC 9110 §5.5, §5.6.2, §5.6.4. Path and query may also have the
// characters that the URL standard does not percent-encode.
const texts: Readonly<Record<string, Text>> = {
  "a path": {
    role: "request",
    before: "GET /",
    behind: " HTTP/1.1\r\nHost: a\r\n\r\n",
    allowed: /[\w.~!$&'()*+,;=:@%/?[\]^|-]/,
    told: ({ line }) => line.slice(1)
  },
  "the path of a method that is not frequent": {
    role: "request",
    before: "PATCH /",
    behind: " HTTP/1.1\r\nHost: a\r\n\r\n",
    allowed: /[\w.~!$&'()*+,;=:@%/?[\]^|-]/,
    told: ({ line }) => line.slice(1)
  },
  "a query": {
    role: "request",
    before: "GET /?",
    behind: " HTTP/1.1\r\nHost: a\r\n\r\n",
    allowed: /[\w.~!$&'()*+,;=:@%/?[\]^|\\`{}-]/,
    told: ({ line }) => line.slice(2)
  },
  "a registered name": {
    role: "request",
    before: "GET http://",
    behind: "/ HTTP/1.1\r\nHost: a\r\n\r\n",
    allowed: /[\w.~!$&'()*+,;=-]/,
    ends: ":/?",
    told: ({ line }) => line.slice("http://".length, -1)
  },
  "a name": {
    role: "request",
    before: "GET / HTTP/1.1\r\nHost: a\r\n",
    behind: ": v\r\n\r\n",
    allowed: token,
    told: ({ fields }) => fields[2]
  },
  "a value": {
    role: "request",
    before: "GET / HTTP/1.1\r\nHost: a\r\nA: .",
    behind: ".\r\n\r\n",
    allowed: value,
    told: ({ fields }) => fields[3]!.slice(1, -1)
  },
  "the value of Host": {
    role: "request",
    before: "GET / HTTP/1.1\r\nHost: a",
    behind: "a\r\n\r\n",
    allowed: /[\w.~!$&'()*+,;=-]/,
    told: ({ fields }) => fields[1]!.slice(1, -1)
  },
  "a reason": {
    role: "response",
    before: "HTTP/1.1 200 ",
    behind: "\r\n\r\n",
    allowed: value,
    told: ({ line }) => line
  },
  "the name of an extension": {
    role: "request",
    before: `${chunked}1;`,
    behind: "\r\nx\r\n0\r\n\r\n",
    allowed: token,
    ends: ";="
  },
  "the value of an extension": {
    role: "request",
    before: `${chunked}1;a=b`,
    behind: "\r\nx\r\n0\r\n\r\n",
    allowed: token,
    ends: ";"
  },
  "a quoted value of an extension": {
    role: "request",
    before: `${chunked}1;a="`,
    behind: '"\r\nx\r\n0\r\n\r\n',
    allowed: /[\t !#-[\]-~\x80-\xff]/,
    ends: "\\"
  },
  "a quoted pair of an extension": {
    role: "request",
    before: `${chunked}1;a="\\`,
    behind: '"\r\nx\r\n0\r\n\r\n',
    allowed: value
  },
  "the name of a trailer": {
    role: "request",
    before: `${chunked}0\r\n`,
    behind: ": v\r\n\r\n",
    allowed: token,
    told: ({ trailers }) => trailers[0]
  },
  "the value of a trailer": {
    role: "request",
    before: `${chunked}0\r\nA: .`,
    behind: ".\r\n\r\n",
    allowed: value,
    told: ({ trailers }) => trailers[1]!.slice(1, -1)
  }
}

/** Parses one message. Returns its head and trailers; `undefined` if the message is not complete. */
const read = (role: Role, text: string, cut: number): Told | undefined => {
  let line = ""
  let fields: ReadonlyArray<string> = []
  let trailers: ReadonlyArray<string> | undefined
  const rest = { data: () => {}, complete: (raw: ReadonlyArray<string>) => void (trailers = raw) }
  const parser =
    role === "request"
      ? new RequestParser({
          ...rest,
          head: (head) => {
            line = head.target
            fields = head.rawHeaders
            return Body.Read
          }
        })
      : new ResponseParser({
          ...rest,
          head: (head) => {
            line = head.statusMessage
            fields = head.rawHeaders
            return Body.Skip
          }
        })
  const bytes = Buffer.from(text, "latin1")
  if (cut > 0) parser.execute(bytes.subarray(0, cut))
  parser.execute(bytes.subarray(cut))
  return trailers === undefined ? undefined : { line, fields, trailers }
}

// A loop checks several bytes of a value at once, so use enough positions to cover its whole length.
const placesOf = (name: string): number =>
  name.startsWith("a value") ? 14 : name.startsWith("a quoted pair") ? 0 : 4

describe("every byte", () => {
  for (const [name, { allowed, before, behind, ends = "", role, told }] of Object.entries(texts)) {
    it(`at every position of ${name}`, () => {
      const places = placesOf(name)
      for (let code = 0; code < 256; code++) {
        const byte = String.fromCharCode(code)
        if (ends.includes(byte)) continue
        for (let place = 0; place <= places; place++) {
          const own = "x".repeat(place) + byte + "x".repeat(places - place)
          const seen = read(role, before + own + behind, code % 3 === 0 ? before.length + place : 0)
          // A byte that ends the text is not accepted, because the reported text then differs.
          const taken = seen !== undefined && (told === undefined || told(seen) === own)
          assert.strictEqual(taken, allowed.test(byte), `${name}, byte ${code} at ${place}`)
        }
      }
    })
  }
})
