// Measures a program in a separate process, and compares its cost with its budget.
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

export const file = new URL("./budgets.json", import.meta.url)
export const { node, budgets } = JSON.parse(readFileSync(file, "utf8"))

// Use one thread, so that code is always compiled at the same request, and enough memory to avoid garbage
// collections within a round.
const flags = [
  "--expose-gc",
  "--single-threaded",
  "--predictable",
  "--min-semi-space-size=128",
  "--max-semi-space-size=128"
]
const script = fileURLToPath(new URL("./measure.mjs", import.meta.url))

/** Measures the cost of a request: `{ bytes, timers, listeners, messageListeners, writes }`. */
export const measure = async (name) => {
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, script, name])
  return JSON.parse(stdout)
}

/** Allowed relative difference of the bytes in both directions. */
export const tolerance = 0.1

/** Returns lines that describe the differences between the budget and the measured cost. */
export const differences = (budget, measured) =>
  Object.entries(budget).flatMap(([what, expected]) => {
    const found = measured[what]
    const allowed = what === "bytes" ? expected * tolerance : 0
    if (Math.abs(found - expected) <= allowed) return []
    const change = what === "bytes" ? ` (${Math.round((found / expected - 1) * 100)} %)` : ""
    return [`${what} a request: ${found}, and the budget is ${expected}${change}`]
  })
