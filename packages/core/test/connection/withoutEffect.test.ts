// Runs the tables of `connection/` in a process that cannot load Effect. So `connection/` cannot depend on
// Effect.
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { assert, beforeAll, describe, it } from "vitest"
import type { Results } from "./table.js"
import { tables } from "./tables.js"

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

let results: Results

beforeAll(async () => {
  const register = new URL("../support/withoutEffect/register.mjs", import.meta.url).href
  const args = ["--enable-source-maps", "--import", register, path("main.ts")]
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 28 })
  results = JSON.parse(stdout) as Results
})

describe("in that process", () => {
  it.each(["effect", "effect/Effect", "@effect/platform"])("%s does not resolve", (name) => {
    for (const how of ["import", "require"])
      assert.include(results.modules[`${how} ${name}`], `${name} does not resolve in this process`)
  })

  it("modules that need Effect do not load", () => {
    assert.include(results.modules["import ../../src/index.js"], "does not resolve in this process")
  })

  it("all tables run, and row names are unique", () => {
    assert.deepStrictEqual(
      Object.entries(results.tables).map(([name, rows]) => [name, Object.keys(rows)]),
      tables.map(({ name, rows }) => [name, rows.map((row) => row.name)])
    )
  })
})

describe.each(tables)("$name", ({ name, rows }) => {
  it.each(rows)("$name", (row) => {
    const failure = results.tables[name]?.[row.name]
    if (failure !== null) assert.fail(failure ?? "it has not run")
  })
})
