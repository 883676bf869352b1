// The batteries on other runtimes than Node.js: npm run test:runtimes -- [--only bun,deno,node] [--verbose]
//
//   --only      these runtimes instead of bun and deno
//   --verbose   the errors of listed cases too
//
// A binary is installed once from the npm registry into node_modules/.cache/runtimes. runtimes/listed.mjs
// lists the cases that a runtime cannot pass, with reasons. A failed case that is not listed fails the run,
// and so does a listed case that passes. Prints a table of cases by suite. The last line is `N passed, N
// failed`, in cases.
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { binaryOf } from "./runtimes/binaries.mjs"
import { listed } from "./runtimes/listed.mjs"
import { suiteNames } from "./runtimes/suiteNames.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))
const { values: args } = parseArgs({
  options: {
    only: { type: "string", default: "bun,deno" },
    verbose: { type: "boolean", default: false }
  }
})

const program = join(root, "scripts/runtimes/batteries.mjs")

/** Runs a suite. Returns the error of each case, or `null` for a passed case. */
const errorsOf = (runtime, path, suite) => {
  const errors = new Map()
  for (;;) {
    const flags = runtime === "deno" ? ["run", "-A"] : []
    const { status, stderr, stdout } = spawnSync(path, [...flags, program, suite, `${errors.size}`], {
      cwd: root,
      encoding: "utf8",
      maxBuffer: Infinity
    })
    const lines = stdout.split("\n").filter((line) => line.startsWith("{"))
    for (const { error = `exit ${status}\n${stderr.slice(-1000)}`, name } of lines.map((line) =>
      JSON.parse(line)
    ))
      errors.set(name, error)
    if (status === 0) return errors
    // If the last case has ended the process, start again with the next case.
    if (lines.length === 0) return errors.set("the suite starts", stderr)
  }
}

let passed = 0
let failed = 0
const table = {}
for (const runtime of args.only.split(",")) {
  const { path, why } = binaryOf(runtime)
  if (path === undefined) {
    console.log(`runtimes: ${why}`)
    failed++
    continue
  }
  for (const suite of suiteNames(runtime)) {
    const expected = listed[runtime]?.[suite] ?? {}
    const errors = errorsOf(runtime, path, suite)
    for (const name of Object.keys(expected)) if (!errors.has(name)) errors.set(name, "no such case")
    let held = 0
    for (const [name, error] of errors) {
      const isListed = Object.hasOwn(expected, name)
      if (error === null) held++
      if ((error === null) !== isListed && error !== "no such case") passed++
      else failed++
      const line = `${runtime}: ${suite}: ${name}`
      if (error === null && isListed) console.log(`${line}: passes, but is listed`)
      else if (error !== null && (!isListed || args.verbose || error === "no such case"))
        console.log(`${line}: ${error}`)
    }
    ;(table[suite] ??= {})[runtime] = `${held} of ${errors.size}`
  }
}
console.table(table)
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
