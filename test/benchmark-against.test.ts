/**
 * `npm run bench -- --against` compares this checkout with another one: its verdict on a row, and its imports
 * from the other checkout.
 */
import { assert, describe, it } from "vitest"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pairs, verdict } from "../benchmarks/lib/against.mjs"
import { spread } from "../benchmarks/lib/statistics.mjs"
import { root, run, temporaryFolder } from "./support.js"

describe("a comparison with another checkout", () => {
  it.each<readonly [string, ReadonlyArray<number>, string]>([
    ["apart in every round", [1.05, 1.06, 1.05, 1.04, 1.05], "faster"],
    ["apart in the other direction", [0.9, 0.91, 0.92, 0.9, 0.91], "slower"],
    ["one round of five elsewhere", [1.05, 1.06, 0.6, 1.04, 1.05], "faster"],
    ["on both sides of 1", [1.1, 0.9, 1.04, 0.97, 1.02], "within the noise"],
    ["apart, but by less than a hundredth", [1.005, 1.006, 1.005, 1.004, 1.005], "within the noise"],
    ["two rounds", [1.5, 1.5], "too few rounds"]
  ])("%s", (_, ratios, said) => {
    assert.strictEqual(verdict(spread(ratios), ["faster", "slower"]), said)
  })

  it("has a scenario for each selected contestant that is ours", () => {
    const scenario = {
      name: "hello",
      contestants: { "node:http": "./a.mjs", "@httpfx/node/http": "./b.mjs", httpfx: "./c.mjs" }
    }
    const found = pairs(scenario, "/other", (_: string, name: string) => name === "httpfx")
    assert.deepStrictEqual(
      found.map(({ baseline, contestants, name }) => ({ name, baseline, contestants })),
      [
        {
          name: "hello: httpfx",
          baseline: "other",
          contestants: {
            other: { script: "./c.mjs", checkout: "/other" },
            this: { script: "./c.mjs", checkout: root }
          }
        }
      ]
    )
  })

  it("modules of this checkout import the packages of the other checkout", async () => {
    const checkout = temporaryFolder()
    const folder = join(checkout, "benchmarks/node_modules/@httpfx/core")
    mkdirSync(folder, { recursive: true })
    const exports = { ".": "./index.js", "./wire": "./index.js" }
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", exports }))
    writeFileSync(
      join(folder, "index.js"),
      'console.log("the other one"); export const presets = {}, RequestParser = 0, ResponseParser = 0'
    )
    const args = ["--import", "./benchmarks/lib/elsewhere.mjs", "--eval", 'import("./benchmarks/parser.mjs")']
    const said = await run(process.execPath, args, root, { HTTPFX_BENCHMARKED: checkout })
    assert.include(said, "the other one")
  })
})
