/** Comma-separated lists in field values, and the whitespace around their elements. */
import { assert, describe, it } from "@effect/vitest"
import { hasElement, listElements, trimBlanks } from "@httpfx/core/wire"

describe("listElements", () => {
  const table: ReadonlyArray<readonly [value: string, elements: ReadonlyArray<string>]> = [
    ["", []],
    [" \t", []],
    ["a", ["a"]],
    ["\ta \t", ["a"]],
    ["a,b", ["a", "b"]],
    [",a,,\t,b ,", ["a", "b"]],
    ["a b , c", ["a b", "c"]],
    ['a;x="1,2",b', ['a;x="1,2"', "b"]],
    ['a;x="1\\",2",b', ['a;x="1\\",2"', "b"]],
    ['"', ['"']],
    ['a,"b,c', ["a", '"b,c']],
    ['"a,b",c', ['"a,b"', "c"]],
    // Outside of quotes, a backslash does not escape.
    ["a\\,b", ["a\\", "b"]],
    ['"a\\\\",b', ['"a\\\\"', "b"]],
    ['a"b,c"d , "e,f" g', ['a"b,c"d', '"e,f" g']],
    [",", []],
    [" , ", []],
    ["a\u00a0,\u2003b", ["a\u00a0", "\u2003b"]]
  ]
  for (const [value, elements] of table) {
    it(JSON.stringify(value), () => assert.deepStrictEqual(listElements(value), elements))
  }
})

it.each([
  ["close", true],
  ["a, CLOSE", true],
  ["close;q=1", false],
  ["close-x", false],
  ['"a, close"', false],
  ["", false]
])("hasElement close in %j: %j", (value, has) => assert.strictEqual(hasElement(value, "close"), has))

it.each([
  ["\t a\t b \t", "a\t b"],
  ["a ", "a"],
  [" a", "a"],
  ["a", "a"],
  ["\u00a0a\u000b", "\u00a0a\u000b"],
  [" \t ", ""],
  [" ", ""],
  ["", ""]
])("trimBlanks of %j: %j", (text, trimmed) => assert.strictEqual(trimBlanks(text), trimmed))
