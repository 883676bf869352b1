/** The tables of flags and limits in docs/strictness.md equal those of the code. */
import { defaultLimits, flagNames, makeLimits, presets } from "@httpfx/core/wire"
import { assert, describe, it } from "@effect/vitest"
import { tableIn, unquote } from "../../support/documents.js"

const table = (heading: string) => tableIn("strictness.md", heading)

describe("docs/strictness.md", () => {
  it("has a row for every flag in the code's order, with the presets that set it", () => {
    const rows = table("Look up a flag")
    assert.deepStrictEqual(
      rows.map(([name]) => unquote(name)),
      [...flagNames]
    )
    for (const [index, flag] of flagNames.entries()) {
      const on = (["strict", "node", "insecure"] as const).filter((preset) => presets[preset][flag])
      assert.strictEqual(rows[index]![2], on.join(", "), flag)
    }
  })

  it("has for every flag its effect, its RFC section and its counterpart in Node", () => {
    for (const [name, passes, , section, answers] of table("Look up a flag")) {
      assert.isAbove(passes!.length, 10, name)
      assert.match(section!, /^9\d{3} §\d/, name)
      assert.isAbove(answers!.length, 10, name)
    }
  })

  it("names the three presets", () => {
    assert.deepStrictEqual(
      table("Choose a preset").map(([name]) => unquote(name)),
      Object.keys(presets)
    )
    assert.isEmpty(flagNames.filter((flag) => presets.node[flag] && !presets.insecure[flag]))
    assert.deepStrictEqual(
      flagNames.filter((flag) => presets.strict[flag] && !presets.node[flag]),
      ["tabsInFraming"]
    )
  })

  it("has a row for every limit, with its default", () => {
    const rows = table("Set limits")
    assert.deepStrictEqual(
      rows.map(([name]) => unquote(name)),
      Object.keys(defaultLimits)
    )
    for (const [name, , value] of rows) {
      const limit = unquote(name) as keyof typeof defaultLimits
      const told = unquote(value)
      if (told === "maxHeaderSize") assert.strictEqual(makeLimits({ maxHeaderSize: 7 })[limit], 7)
      else assert.strictEqual(String(defaultLimits[limit]), told, name)
    }
  })
})
