/**
 * What a head tells of its fields: single ones, lists, and how many there are, however its lines are cut and
 * folded.
 */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { Body, listElements, presets, RequestParser, type RequestHead } from "@httpfx/core/wire"

/** The head of a request with these lines, whose last comes with its line break. */
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
    // The same length, the same beginning, the same end.
    [["Host: a"], "most", undefined],
    [["Host: a"], "hos", undefined],
    [["Host: a"], "hosts", undefined],
    [["Most: b", "Host: a"], "host", "a"],
    [["Host: a", "Most: b"], "most", "b"],
    [["Host: a", "X: 1", "x: 2"], "x", "1"],
    // `@` and `[` stand beside the capitals, and are no letters.
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

it("every field is the first of its name in the list, every list has the elements of all", () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), (fields) => {
      const lines = fields.flatMap(([name, value, folds]) => [
        `${name}: ${value}`,
        ...folds.map((fold) => ` ${fold}`)
      ])
      const head = headOf(["Host: a", ...lines])
      // Looked for before the list is made, and behind it.
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
