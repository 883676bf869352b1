/**
 * The simulation of three services, as far as it goes in seconds: `npm run simulate` goes further. Twenty seeds hold, a
 * seed repeats itself to the byte, nothing real gets in, and bugs that are planted in core are found.
 */
import { lookup } from "node:dns/promises"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { deflate } from "node:zlib"
import * as Effect from "effect/Effect"
import { assert, describe, it } from "vitest"
import { SimulationFailed } from "@httpfx/testing/Simulation"
import { bugs, hunt } from "../simulations/planted.js"
import { simulate } from "../simulations/scenario.js"
import { root, run } from "./support.js"

const seeds = 20
const bound = 20

const percent = (share: number) => `${(100 * share).toFixed(1)} %`

describe("three services and two hundred clients", () => {
  it(
    `${seeds} seeds: all ends, nothing is left, swapped, cut or done twice`,
    { timeout: 240_000 },
    async () => {
      const met: Array<number> = []
      const faults = new Map<string, number>()
      for (let seed = 1; seed <= seeds; seed++) {
        // Its failure shows what was broken, the picture and the seed.
        const report = await Effect.runPromise(simulate({ seed }))
        assert.isAtLeast(report.requests, 2000)
        assert.isAtLeast(report.time, 10 * 60_000)
        met.push(report.met)
        for (const [kind, count] of report.faults) faults.set(kind, (faults.get(kind) ?? 0) + count)
      }
      console.log(`faults met ${percent(Math.min(...met))} to ${percent(Math.max(...met))} of the requests`)
      console.log([...faults].map(([kind, count]) => `${count} ${kind}`).join(", "))
      // Every kind of fault is in it.
      assert.lengthOf([...faults.keys()], 17)
    }
  )

  it(
    "a seed gives the same trace, whoever runs it, and another seed another",
    { timeout: 60_000 },
    async () => {
      const traceOf = async (seed: number) => (await Effect.runPromise(simulate({ seed }))).trace
      const first = await traceOf(5)
      assert.strictEqual(await traceOf(5), first)
      assert.notStrictEqual(await traceOf(6), first)
      const printed = await run(process.execPath, ["simulations/dist/main.js", "--seed", "5"], root)
      assert.include(printed, `trace ${first}`)
    }
  )

  const real = {
    "a file": () => readFile(join(root, "package.json")),
    "a name": () => lookup("localhost"),
    "the thread pool": () => promisify(deflate)("x"),
    "a timer": () => new Promise((resolve) => setTimeout(resolve, 1))
  }
  it.each(Object.entries(real))("fails on what is real: %s", { timeout: 30_000 }, async (_, begin) => {
    const intrude = Effect.promise<unknown>(begin)
    const error = await Effect.runPromise(Effect.flip(simulate({ seed: 1, intrude })))
    assert.instanceOf(error, SimulationFailed)
    assert.propertyVal(error, "reason", "realAsync")
  })
})

describe("planted bugs", () => {
  it.each(bugs)("$name: is found", { timeout: 120_000 }, async (bug) => {
    const { broken, seeds } = await hunt(bug, bound)
    console.log(`${bug.name}: found by seed ${seeds}, ${broken}`)
    assert.isDefined(seeds)
  })
})
