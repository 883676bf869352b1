/** The options of a parser: flags and limits, complete or partial, frozen or not. */
import { assert, describe, it } from "@effect/vitest"
import {
  Body,
  defaultLimits,
  everyFlag,
  flagNames,
  type Flags,
  type Limits,
  makeLimits,
  type ParserOptions,
  presets,
  RequestParser
} from "@httpfx/core/wire"

const events = { head: () => Body.Read, data: () => {}, complete: () => {} }

/** Parses a request. Returns the flag that the refusal names; `undefined` if the request is accepted. */
const missing = (
  options: ParserOptions | undefined,
  text: string,
  parser = new RequestParser(events, options)
) => {
  parser.execute(Buffer.from(text))
  return parser.refusal?.flag
}

const withoutHost = "GET / HTTP/1.1\r\n\r\n"
// `strict` accepts the tab, and `node` refuses it.
const withTab = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\t\r\n\r\n"

describe("flags", () => {
  it("each preset has every flag, and is frozen", () => {
    for (const flags of [...Object.values(presets), everyFlag]) {
      assert.deepStrictEqual(Object.keys(flags), [...flagNames])
      assert.isTrue(Object.isFrozen(flags))
      for (const value of Object.values(flags)) assert.isBoolean(value)
    }
    assert.isTrue(Object.isFrozen(presets))
    assert.isTrue(flagNames.every((name) => everyFlag[name]))
  })

  it("default to strict", () => {
    assert.strictEqual(missing(undefined, withoutHost), "missingHost")
    assert.strictEqual(missing({}, withoutHost), "missingHost")
    assert.isUndefined(missing({}, withTab))
  })

  const some = { missingHost: true } as unknown as Flags
  it.each([
    ["some", some],
    ["some that are frozen", Object.freeze({ ...some })]
  ])("%s are completed from strict", (_, flags) => {
    assert.isUndefined(missing({ flags }, withoutHost))
    assert.isUndefined(missing({ flags }, withTab))
    assert.strictEqual(missing({ flags }, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"), "extraSpaces")
  })

  it.each([
    ["whole", presets.strict],
    ["in part", {} as Flags]
  ])("a record (%s) that changes later does not affect parsers", (_, given) => {
    const flags: { -readonly [K in keyof Flags]: boolean } = { ...given }
    const options = { flags }
    const parser = new RequestParser(events, options)
    flags.missingHost = true
    assert.strictEqual(missing(undefined, withoutHost, parser), "missingHost")
    assert.strictEqual(missing(options, withoutHost), "missingHost")
  })
})

describe("limits", () => {
  const rows: ReadonlyArray<readonly [given: Partial<Limits>, differs: Partial<Limits>]> = [
    [{}, {}],
    [{ maxHeaderSize: 5 }, { maxHeaderSize: 5, maxTrailerSize: 5 }],
    [
      { maxHeaderSize: 5, maxTrailerSize: 6 },
      { maxHeaderSize: 5, maxTrailerSize: 6 }
    ],
    [{ maxTrailerSize: 0 }, { maxTrailerSize: 0 }],
    [{ maxHeaderCount: 0 }, { maxHeaderCount: 0 }],
    [{ maxChunkExtensionsSize: 0 }, { maxChunkExtensionsSize: 0 }]
  ]
  it.each(rows)("%j: the defaults except %j", (given, differs) => {
    assert.deepStrictEqual(makeLimits(given), { ...defaultLimits, ...differs })
  })

  it("default to defaultLimits", () => assert.deepStrictEqual(makeLimits(), defaultLimits))

  const head = "GET / HTTP/1.1\r\nHost: a\r\n"
  const chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
  // For each limit: a message whose size is `size`, the limits, and the largest size that is accepted.
  const bounds: ReadonlyArray<readonly [string, (size: number) => string, Partial<Limits>, number]> = [
    [
      "a target",
      (size) => `GET /${"x".repeat(size - 1)} HTTP/1.1\r\nHost: a\r\n\r\n`,
      { maxHeaderSize: 40 },
      34
    ],
    [
      "a target after a method that is not frequent",
      (size) => `PATCH /${"x".repeat(size - 1)} HTTP/1.1\r\nHost: a\r\n\r\n`,
      { maxHeaderSize: 40 },
      34
    ],
    ["a name", (size) => `${head}${"x".repeat(size)}:\r\n\r\n`, { maxHeaderSize: 40 }, 33],
    ["a value", (size) => `${head}A: ${"x".repeat(size)}\r\n\r\n`, { maxHeaderSize: 40 }, 32],
    [
      "a value with spaces after it",
      (size) => `${head}A: x${" ".repeat(size - 1)}\r\n\r\n`,
      { maxHeaderSize: 40 },
      32
    ],
    ["a length", (size) => `${head}Content-Length:${"0".repeat(size)}\r\n\r\n`, { maxHeaderSize: 40 }, 19],
    ["options", (size) => `${head}Connection: ${"x".repeat(size)}\r\n\r\n`, { maxHeaderSize: 40 }, 23],
    [
      "an option",
      (size) => `${head}Connection: close${" ".repeat(size - 5)}\r\n\r\n`,
      { maxHeaderSize: 40 },
      23
    ],
    [
      "codings",
      (size) => `${head}Transfer-Encoding: chunked${" ".repeat(size - 7)}\r\n\r\n0\r\n\r\n`,
      { maxHeaderSize: 40 },
      16
    ],
    [
      "field lines",
      (size) => `GET / HTTP/1.1\r\nHost: a\r\n${"A: b\r\n".repeat(size - 1)}\r\n`,
      { maxHeaderCount: 7 },
      7
    ],
    [
      "field lines without a value",
      (size) => `GET / HTTP/1.1\r\nHost: a\r\n${"A:\r\n".repeat(size - 1)}\r\n`,
      { maxHeaderCount: 7 },
      7
    ],
    ["trailer lines", (size) => `${chunked}0\r\n${"A: b\r\n".repeat(size)}\r\n`, { maxHeaderCount: 7 }, 7],
    ["a trailer", (size) => `${chunked}0\r\nA: ${"x".repeat(size)}\r\n\r\n`, { maxTrailerSize: 40 }, 38],
    [
      "an extension's name",
      (size) => `${chunked}1;${"x".repeat(size)}\r\nx\r\n0\r\n\r\n`,
      { maxChunkExtensionsSize: 40 },
      40
    ],
    [
      "an extension's value",
      (size) => `${chunked}1;a=${"x".repeat(size)}\r\nx\r\n0\r\n\r\n`,
      { maxChunkExtensionsSize: 40 },
      39
    ],
    [
      "a quoted value",
      (size) => `${chunked}1;a="${"x".repeat(size)}"\r\nx\r\n0\r\n\r\n`,
      { maxChunkExtensionsSize: 40 },
      37
    ],
    [
      "extensions",
      (size) => `${chunked}1${";ab=c".repeat(size)}\r\nx\r\n0\r\n\r\n`,
      { maxChunkExtensionsSize: 40 },
      13
    ],
    [
      "extensions of each chunk",
      (size) => `${chunked}1;${"a".repeat(size)}\r\nx\r\n1;${"a".repeat(size)}\r\nx\r\n0\r\n\r\n`,
      { maxChunkExtensionsSize: 40 },
      40
    ]
  ]
  it.each(bounds)("%s: up to the limit and no more, in one chunk and in many", (_, textOf, limits, most) => {
    for (const [size, passes] of [
      [most, true],
      [most + 1, false]
    ] as const) {
      const bytes = Buffer.from(textOf(size))
      for (const piece of [bytes.length, 1, 7]) {
        for (const flags of [presets.strict, presets.insecure]) {
          let ends = 0
          const parser = new RequestParser({ ...events, complete: () => void ends++ }, { flags, limits })
          for (let at = 0; at < bytes.length; at += piece) parser.execute(bytes.subarray(at, at + piece))
          assert.strictEqual(ends, passes ? 1 : 0, `${size}, in pieces of ${piece}`)
          assert.match(parser.refusal?.code ?? "", passes ? /^$/ : /OVERFLOW$/)
        }
      }
    }
  })
})
