// Measures the bytes, timers, listeners and writes per request against test/budgets/budgets.json, and the
// size of bundles against test/bundles/budgets.json: npm run budgets -- [--record]
//
//   --record   writes what was measured as the new budgets
import { writeFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { budgets, differences, file, measure, node } from "../test/budgets/run.mjs"
import * as bundles from "../test/bundles/run.mjs"

const { values } = parseArgs({ options: { record: { type: "boolean", default: false } } })
const major = Number(process.versions.node.split(".")[0])
if (major !== node) console.log(`Budgets are those of Node.js ${node}; this is ${process.version}.`)

const found = {}
let met = true
for (const [name, budget] of Object.entries(budgets)) {
  const measured = await measure(name)
  found[name] = measured
  const lines = differences(budget, measured)
  if (lines.length > 0) met = false
  console.log(`${name}: ${JSON.stringify(measured)}${lines.map((line) => `\n  ${line}`).join("")}`)
}

const sizes = {}
for (const [name, budget] of Object.entries(bundles.budgets)) {
  const { bytes, compressed } = await bundles.bundle(name)
  sizes[name] = bytes
  const lines = bundles.differences(budget, bytes)
  if (lines.length > 0) met = false
  console.log(
    `bundle of ${name}: ${bytes} bytes, ${compressed} compressed${lines.map((line) => `\n  ${line}`).join("")}`
  )
}

if (values.record) {
  writeFileSync(file, `${JSON.stringify({ node: major, budgets: found }, null, 2)}\n`)
  writeFileSync(bundles.file, `${JSON.stringify(sizes, null, 2)}\n`)
} else if (!met) process.exit(1)
