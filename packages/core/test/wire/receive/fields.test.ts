/** The folded views of fields follow Node's documentation, and equal those of Node's `IncomingMessage`. */
import * as http from "node:http"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { FieldViews, distinctHeaders, firstValue, foldHeaders } from "@httpfx/core/wire"

type Oracle = http.IncomingMessage & {
  joinDuplicateHeaders: boolean
  _addHeaderLines(raw: ReadonlyArray<string>, count: number): void
}
const oracle = (raw: ReadonlyArray<string>, joinDuplicateHeaders = false): Oracle => {
  const message = new http.IncomingMessage(null as never) as Oracle
  message.joinDuplicateHeaders = joinDuplicateHeaders
  message._addHeaderLines(raw, raw.length)
  return message
}
// Only Node's `headers` has a prototype, so compare only own properties.
const entries = (record: object) => Object.entries(record)

const onlyFirst = [
  "age",
  "authorization",
  "content-length",
  "content-type",
  "etag",
  "expires",
  "from",
  "host",
  "if-modified-since",
  "if-unmodified-since",
  "last-modified",
  "location",
  "max-forwards",
  "proxy-authorization",
  "referer",
  "retry-after",
  "server",
  "user-agent"
]

describe("foldHeaders", () => {
  it.each(onlyFirst)("keeps the first %s, or joins all with joinDuplicateHeaders", (name) => {
    const raw = [name, "1", name.toUpperCase(), "2"]
    expect(foldHeaders(raw)[name]).toBe("1")
    expect(foldHeaders(raw, { joinDuplicateHeaders: true })[name]).toBe("1, 2")
  })

  it("makes an array of set-cookie, even of a single one", () => {
    expect(foldHeaders(["Set-Cookie", "a=1"])["set-cookie"]).toEqual(["a=1"])
    expect(foldHeaders(["Set-Cookie", "a=1", "set-cookie", "b=2"])["set-cookie"]).toEqual(["a=1", "b=2"])
  })

  it("joins cookie with a semicolon and others with a comma", () => {
    const raw = ["Cookie", "a=1", "X-A", "1", "cookie", "b=2", "x-a", "2", "x-a", ""]
    expect(entries(foldHeaders(raw))).toEqual([
      ["cookie", "a=1; b=2"],
      ["x-a", "1, 2, "]
    ])
  })

  it("has no prototype, so that no field collides with a member of it", () => {
    const raw = ["__proto__", "1", "constructor", "2", "__proto__", "3"]
    const folded = foldHeaders(raw)
    expect(Object.getPrototypeOf(folded)).toBe(null)
    expect(entries(folded)).toEqual([
      ["__proto__", "1, 3"],
      ["constructor", "2"]
    ])
    expect(entries(distinctHeaders(raw))).toEqual([
      ["__proto__", ["1", "3"]],
      ["constructor", ["2"]]
    ])
    expect("hasOwnProperty" in foldHeaders([])).toBe(false)
  })

  it("fills a given ordinary object, and does not change its prototype", () => {
    const into = {}
    const folded = foldHeaders(["__proto__", "1", "Constructor", "2", "toString", "3"], { into })
    expect(folded).toBe(into)
    expect(Object.getPrototypeOf(into)).toBe(Object.prototype)
    expect(entries(into)).toEqual([
      ["constructor", "2"],
      ["tostring", "3"]
    ])
  })
})

describe("views", () => {
  const name = fc.oneof(
    fc.constantFrom(
      ...onlyFirst,
      "set-cookie",
      "cookie",
      "date",
      "accept",
      "transfer-encoding",
      "x-a",
      "constructor",
      "__proto__"
    ),
    fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/)
  )
  const spelled = fc
    .tuple(name, fc.infiniteStream(fc.boolean()))
    .map(([text, upper]) =>
      Array.from(text, (c) => (upper.next().value === true ? c.toUpperCase() : c)).join("")
    )
  const value = fc.string({
    unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code))
  })
  const rawList = fc.array(fc.tuple(spelled, value), { maxLength: 20 }).map((fields) => fields.flat())

  it("equal those of Node for any list", () => {
    fc.assert(
      fc.property(rawList, fc.boolean(), (raw, joinDuplicateHeaders) => {
        const message = oracle(raw, joinDuplicateHeaders)
        const views = new FieldViews(raw, { joinDuplicateHeaders, into: {} })
        expect(entries(views.folded)).toEqual(entries(message.headers))
        expect(entries(views.distinct)).toEqual(entries(message.headersDistinct))
      }),
      { numRuns: 1000 }
    )
  })

  it("of trailers follow the same rules", () => {
    fc.assert(
      fc.property(rawList, (raw) => {
        const message = oracle([])
        message.complete = true
        message._addHeaderLines(raw, raw.length)
        expect(entries(foldHeaders(raw, { into: {} }))).toEqual(entries(message.trailers))
        expect(entries(distinctHeaders(raw))).toEqual(entries(message.trailersDistinct))
      }),
      { numRuns: 300 }
    )
  })

  it("are computed once", () => {
    const views = new FieldViews(["a", "1"])
    expect(views.folded).toBe(views.folded)
    expect(views.distinct).toBe(views.distinct)
  })

  it("firstValue reads one field without making a view", () => {
    expect(firstValue(["A", "1", "Host", "x", "host", "y"], "host")).toBe("x")
    expect(firstValue(["A", "host"], "host")).toBe(undefined)
  })
})
