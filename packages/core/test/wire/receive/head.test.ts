/**
 * The fields of a head: single values, lists and the number of lines, for every split and with folded lines.
 */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { Body, listElements, presets, RequestParser, type RequestHead } from "@httpfx/core/wire"

/** Parses a request with these lines, and returns its head. The last line includes its line break. */
const headOf = (lines: ReadonlyArray<string>): RequestHead => {
  let head: RequestHead | undefined
  const parser = new RequestParser(
    {
      head: (it) => {
        head = it
        return Body.Stop
      },
      data: () => {},
      complete: () => {}
    },
    { flags: presets.insecure }
  )
  parser.execute(Buffer.from(`GET / HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`, "latin1"))
  assert.isUndefined(parser.refusal)
  return head!
}

const rows: ReadonlyArray<readonly [lines: ReadonlyArray<string>, name: string, value: string | undefined]> =
  [
    [["Host: a"], "host", "a"],
    [["HOST:a"], "host", "a"],
    [["Host: \t a \t"], "host", "a"],
    [["Host:"], "host", ""],
    [["Host: a"], "accept", undefined],
    // Names of the same length, with the same beginning, or with the same end.
    [["Host: a"], "most", undefined],
    [["Host: a"], "hos", undefined],
    [["Host: a"], "hosts", undefined],
    [["Most: b", "Host: a"], "host", "a"],
    [["Host: a", "Most: b"], "most", "b"],
    [["Host: a", "X: 1", "x: 2"], "x", "1"],
    // Converting case by the bit 32 alone would also change these characters, which are not letters.
    [["Host: a", "A!: 1"], "a!", "1"],
    [["Host: a", "A^: 1"], "a~", undefined],
    [["Host: a", "X: 1", " 2", "\t3", "Y: 4"], "x", "1 2\t3"],
    [["Host: a", "X: 1", " 2", "\t3", "Y: 4"], "y", "4"],
    [["Host: a", "X:", " 2 "], "x", "2"],
    [["Host: a", "W: 0", "X: 1", " 2", "X: 3"], "x", "1 2"],
    [["Host: a", "X: 1", " 2", "Y: 3", " 4"], "y", "3 4"]
  ]

describe("one field of a head", () => {
  it.each(rows)("%j: %s is %j", (lines, name, value) => {
    assert.strictEqual(headOf(lines).get(name), value)
  })
})

const name = fc.constantFrom("a", "A", "b", "ab", "aB", "abc", "x-a", "X-A", "x-b")
const text = fc.stringMatching(/^[a-c ,\t"]{0,6}$/)
const line = fc.tuple(name, text, fc.array(text, { maxLength: 2 }))

it("get returns the first field of a name, elements those of all its fields", () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), (fields) => {
      const lines = fields.flatMap(([name, value, folds]) => [
        `${name}: ${value}`,
        ...folds.map((fold) => ` ${fold}`)
      ])
      const head = headOf(["Host: a", ...lines])
      // Gets the values before and after the list `rawHeaders` is created.
      const wanted = ["host", "a", "b", "ab", "abc", "x-a", "x-b", "c"]
      const before = wanted.map((name) => head.get(name))
      const raw = head.rawHeaders
      assert.strictEqual(head.fieldCount, fields.length + 1)
      assert.lengthOf(raw, 2 * head.fieldCount)
      for (const [at, name] of wanted.entries()) {
        const values = raw.filter((_, i) => i % 2 === 1 && raw[i - 1]!.toLowerCase() === name)
        assert.strictEqual(before[at], values[0])
        assert.strictEqual(head.get(name), values[0])
        assert.deepStrictEqual(head.elements(name), values.flatMap(listElements))
      }
    })
  )
})
