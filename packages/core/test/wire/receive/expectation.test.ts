/** The `Expect` field: 100-continue and unknown expectations. */
import { describe, expect, it } from "vitest"
import {
  asksToContinue,
  Body,
  type Expectation,
  expectationOf,
  hasUnknownExpectation,
  RequestParser,
  type RequestHead
} from "@httpfx/core/wire"

const headOf = (version: string, values: ReadonlyArray<string>): RequestHead => {
  let seen: RequestHead | undefined
  const parser = new RequestParser({
    head: (head) => {
      seen = head
      return Body.Read
    },
    data: () => {},
    complete: () => {}
  })
  const fields = values.map((value) => `Expect: ${value}\r\n`).join("")
  parser.execute(Buffer.from(`GET / HTTP/${version}\r\nHost: a\r\n${fields}\r\n`))
  return seen!
}

// Values of `Expect`, whether they contain 100-continue, whether they contain an unknown expectation.
const rows: ReadonlyArray<readonly [ReadonlyArray<string>, boolean, boolean]> = [
  [[], false, false],
  [[""], false, false],
  [["100-continue"], true, false],
  [["100-Continue"], true, false],
  [[" ,100-CONTINUE ,"], true, false],
  [["100-continuet"], false, true],
  [["x100-continue"], false, true],
  [["a"], false, true],
  [["a, 100-continue"], true, true],
  [["100-continue", "a"], true, true],
  [["100-continue;q"], false, true]
]

describe("Expect", () => {
  it.each(rows)("%j: continue %s, unknown %s", (values, asks, unknown) => {
    const head = headOf("1.1", values)
    expect(head.expectContinue).toBe(asks)
    expect(hasUnknownExpectation(head)).toBe(unknown)
    expect(values.some(asksToContinue)).toBe(asks)
    // An HTTP/1.0 request has no expectations (RFC 9110 §10.1.1).
    const old = headOf("1.0", values)
    expect(old.expectContinue).toBe(false)
    expect(hasUnknownExpectation(old)).toBe(false)
  })
})

// A value of `Expect`, its expectation if read as a list (RFC 9110), and its expectation if read as Node
// does.
it.each<[value: string | undefined, list: Expectation, word: Expectation]>([
  [undefined, "none", "none"],
  ["", "none", "unknown"],
  ["100-continue", "continue", "continue"],
  ["100-Continue, 100-continue", "continue", "continue"],
  ["a, 100-continue", "unknown", "continue"],
  ["100-continue;q", "unknown", "continue"],
  ["x100-continue", "unknown", "unknown"],
  ["a", "unknown", "unknown"]
])("Expect: %j is %s, to Node %s", (value, list, word) => {
  expect([expectationOf(1, value, "list"), expectationOf(1, value, "word")]).toEqual([list, word])
  expect([expectationOf(0, value, "list"), expectationOf(0, value, "word")]).toEqual(["none", "none"])
})
