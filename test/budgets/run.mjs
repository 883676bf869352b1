// Measures a program in a process of its own, and compares it with its budget.
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

export const file = new URL("./budgets.json", import.meta.url)
export const { node, budgets } = JSON.parse(readFileSync(file, "utf8"))

// One thread, so that code is compiled at the same request each time, and enough memory to avoid collections
// within a round.
const flags = [
  "--expose-gc",
  "--single-threaded",
  "--predictable",
  "--min-semi-space-size=128",
  "--max-semi-space-size=128"
]
const script = fileURLToPath(new URL("./measure.mjs", import.meta.url))

/** The cost of a request: `{ bytes, timers, listeners, messageListeners, writes }`. */
export const measure = async (name) => {
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, script, name])
  return JSON.parse(stdout)
}

/** Allowed difference of the bytes, in either direction. */
export const tolerance = 0.1

/** Lines that describe the differences from the budget. */
export const differences = (budget, measured) =>
  Object.entries(budget).flatMap(([what, expected]) => {
    const found = measured[what]
    const allowed = what === "bytes" ? expected * tolerance : 0
    if (Math.abs(found - expected) <= allowed) return []
    const change = what === "bytes" ? ` (${Math.round((found / expected - 1) * 100)} %)` : ""
    return [`${what} a request: ${found}, and the budget is ${expected}${change}`]
  })
