// Checks that tests find the bugs planted in copies of the sources: npm run mutants -- [--only REGEX] [--jobs
// 2]
//
//   --only REGEX    bugs whose area or name matches
//   --jobs N        that many at a time, each in a copy of its own; default 1
//
// Runs each bug against the test files in its `nets`, which must pass without a bug. Exits with 1 if a bug
// without `survives` is not found, or if a bug with `survives` is found.
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { plant } from "../simulations/dist/plant.js"
import { bugs } from "./bugs.mjs"
import { Copy } from "./copy.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))
const { values } = parseArgs({
  options: { only: { type: "string" }, jobs: { type: "string", default: "1" } }
})
const only = new RegExp(values.only ?? "", "i")
const chosen = bugs.filter(({ area, name }) => only.test(`${area}: ${name}`))
if (chosen.length === 0) throw new Error(`no bug's name fits ${only}`)

// A program that hangs counts as found. It hangs if its test files take much longer than without the bug, ms.
const patience = (took) => 45_000 + 5 * took

const copies = await Promise.all(Array.from({ length: Number(values.jobs) }, () => Copy.of(root)))
const removeAll = () => Promise.all(copies.map((copy) => copy.remove()))
for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, () => removeAll().then(() => process.exit(1)))

const hunt = async (copy, bug) => {
  const restore = await plant(copy.folder, bug)
  try {
    const took = bug.nets.map((file) => durations.get(file) ?? 0)
    return await copy.test(bug.nets, patience(Math.max(...took)))
  } finally {
    await restore()
  }
}

const seconds = (since) => ((performance.now() - since) / 1000).toFixed(0).padStart(3)
/** Duration of each test file without a bug, ms. */
let durations = new Map()
const counts = { found: 0, survived: 0 }
const wrong = []

try {
  const nets = [...new Set(chosen.flatMap((bug) => bug.nets))]
  console.log(`${nets.length} test files without a bug ...`)
  const without = await copies[0].test(nets, 3_600_000)
  if (without._tag !== "Passed")
    throw new Error(`these fail without a bug: ${without.by ?? "they hang"}\n${without.details ?? ""}`)
  durations = without.durations

  const waiting = [...chosen]
  await Promise.all(
    copies.map(async (copy) => {
      for (let bug = waiting.shift(); bug !== undefined; bug = waiting.shift()) {
        const since = performance.now()
        const result = await hunt(copy, bug)
        if (result._tag === "Broken") throw new Error(`"${bug.name}" does not run:\n${result.details}`)
        const found = result._tag !== "Passed"
        counts[found ? "found" : "survived"]++
        console.log(`${found ? "found   " : "SURVIVED"} ${seconds(since)} s  ${bug.area}: ${bug.name}`)
        console.log(`                  ${found ? (result.by ?? "it hangs") : (bug.survives ?? bug.harm)}`)
        if (found === (bug.survives !== undefined))
          wrong.push(
            found ? `"${bug.name}" is found now: take its "survives" out` : `"${bug.name}" is not found`
          )
      }
    })
  )
} finally {
  await removeAll()
}

console.log(`\n${chosen.length} bugs: ${counts.found} found, ${counts.survived} survived`)
for (const complaint of wrong) console.log(complaint)
process.exitCode = wrong.length === 0 ? 0 : 1
