/** Validation of outgoing heads. Compares every character with Node's own validators. */
import * as http from "node:http"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  isContentLength,
  isFieldValue,
  isLooseFieldValue,
  isRequestTarget,
  isStatusCode,
  isStatusMessage,
  isToken,
  parseContentLength
} from "@httpfx/core/wire"

const passes = (f: () => unknown): boolean => {
  try {
    f()
    return true
  } catch {
    return false
  }
}

const strings = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.integer({ min: 0, max: 0x17f }).map((code) => String.fromCharCode(code)) })
)

describe("validation", () => {
  it("accepts the same characters in names and values as Node, one by one", () => {
    for (let code = 0; code <= 0x300; code++) {
      const c = String.fromCharCode(code)
      expect([code, isToken(`x${c}`)]).toEqual([code, passes(() => http.validateHeaderName(`x${c}`))])
      expect([code, isFieldValue(`x${c}y`)]).toEqual([
        code,
        passes(() => http.validateHeaderValue("a", `x${c}y`))
      ])
    }
  })

  it("accepts the same strings in names and values as Node", () => {
    fc.assert(
      fc.property(strings, (text) => {
        expect(isToken(text)).toBe(passes(() => http.validateHeaderName(text)))
        expect(isFieldValue(text)).toBe(passes(() => http.validateHeaderValue("a", text)))
      }),
      { numRuns: 2000 }
    )
  })

  it("refuses the targets that Node refuses, and DEL and the empty string", () => {
    // The pattern with which Node's client refuses a target (ERR_UNESCAPED_CHARACTERS).
    const refusedByNode = /[^\u0021-\u00ff]/
    for (let code = 0; code <= 0x300; code++) {
      const target = `/${String.fromCharCode(code)}`
      expect([code, isRequestTarget(target)]).toEqual([code, !refusedByNode.test(target) && code !== 0x7f])
    }
    expect(isRequestTarget("")).toBe(false)
  })

  it.each([
    [100, true],
    [999, true],
    [99, false],
    [1000, false],
    [200.5, false],
    [NaN, false],
    [Infinity, false],
    [-200, false]
  ])("status %s: %s", (status, expected) => {
    expect(isStatusCode(status)).toBe(expected)
  })

  it.each([
    ["0", 0],
    ["007", 7],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
    ["9007199254740992", -1],
    ["99999999999999999999999999", -1],
    ["", -1],
    ["+1", -1],
    ["-1", -1],
    ["1 ", -1],
    ["1,1", -1],
    ["0x10", -1],
    ["1e3", -1],
    ["\u0661", -1]
  ])("Content-Length %j: %s", (text, expected) => {
    expect(parseContentLength(text)).toBe(expected)
  })

  it.each([
    [0, true],
    [1, true],
    [Number.MAX_SAFE_INTEGER, true],
    [Number.MAX_SAFE_INTEGER + 1, false],
    [-1, false],
    [0.5, false],
    [NaN, false],
    [Infinity, false]
  ])("a body of %s bytes: %s", (length, expected) => {
    expect(isContentLength(length)).toBe(expected)
  })

  it("accepts controls other than NUL, CR and LF in loose values, and refuses characters above U+00FF", () => {
    for (let code = 0; code <= 0x300; code++) {
      const text = `x${String.fromCharCode(code)}y`
      expect([code, isLooseFieldValue(text)]).toEqual([code, code < 0x100 && ![0, 10, 13].includes(code)])
      expect([code, isStatusMessage(text)]).toEqual([code, isFieldValue(text)])
    }
  })

  it("accepts the empty string as a value, but not as a token", () => {
    expect([isFieldValue(""), isLooseFieldValue(""), isStatusMessage(""), isToken("")]).toEqual([
      true,
      true,
      true,
      false
    ])
  })
})
