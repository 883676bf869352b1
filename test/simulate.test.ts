/**
 * A short run of the simulation of three services (`npm run simulate` runs longer): two seeds pass, a seed
 * gives the same run again, and real I/O is refused. `npm run test:long` finds planted bugs.
 */
import { lookup } from "node:dns/promises"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { scrypt } from "node:crypto"
import * as Effect from "effect/Effect"
import { assert, describe, it } from "vitest"
import { SimulationFailed } from "@httpfx/testing/Simulation"
import { check } from "../simulations/plant.js"
import { bugs, hunt } from "../simulations/planted.js"
import { simulate } from "../simulations/scenario.js"
import { root, run } from "./support.js"

const isLong = process.env["HTTPFX_LONG"] === "1"
const seeds = isLong ? 8 : 2
const bound = 20

// Run the simulation as `npm run simulate` does, without building first.
const command = ["--max-semi-space-size=64", "simulations/dist/main.js"]

describe("three services and two hundred clients", () => {
  // One child process runs all seeds for both tests.
  const printed = run(process.execPath, [...command, "--seeds", `${seeds}`, "--traces"], root)
  printed.catch(() => {})

  it(`${seeds} seeds: every request ends, and no response is leaked, swapped, truncated or sent twice`, async () => {
    // If the test fails, the output shows the violations, the pending waits and the seed.
    console.log(await printed)
    assert.match(await printed, new RegExp(`^${seeds} seeds from 1: \\d+ requests`, "m"))
    const faults = /^faults\n((?: .*\n)*)/m.exec(await printed)?.[1] ?? ""
    // Every kind of fault must occur.
    assert.lengthOf(faults.trim().split("\n"), 17)
  })

  it("a seed gives the same trace in any process, and another seed another trace", async () => {
    const { trace } = await Effect.runPromise(simulate({ seed: 2 }))
    const traces = [...(await printed).matchAll(/^seed \d+: trace (\S+)$/gm)].map(([, each]) => each!)
    assert.strictEqual(traces[1], trace)
    assert.lengthOf([...new Set(traces)], seeds)
  })

  const real = {
    "a file": () => readFile(join(root, "package.json")),
    "a name": () => lookup("localhost"),
    "the thread pool": () => promisify(scrypt)("x", "y", 8),
    "a timer": () => new Promise((resolve) => setTimeout(resolve, 1))
  }
  it.each(Object.entries(real))("rejects real I/O: %s", async (_, begin) => {
    const intrude = Effect.promise<unknown>(begin)
    const error = await Effect.runPromise(Effect.flip(simulate({ seed: 1, intrude })))
    assert.instanceOf(error, SimulationFailed)
    assert.propertyVal(error, "reason", "realAsync")
  })
})

describe("planted bugs", () => {
  it("all apply", async () => {
    for (const bug of bugs) await check(join(root, "packages/core/dist"), bug)
  })

  // These tests take two minutes, so only `npm run test:long` runs them.
  it.runIf(isLong).each(bugs)("$name: is found", async (bug) => {
    const { broken, seeds } = await hunt(bug, bound)
    console.log(`${bug.name}: found by seed ${seeds}, ${broken}`)
    assert.isDefined(seeds)
  })
})
