/**
 * Budgets that do not depend on the speed of the machine: bytes, timers, listeners and writes per request.
 * The bytes may differ by a tenth in both directions. After an improvement record a new budget, so that later
 * versions keep the improvement.
 */
import { assert, describe, it } from "vitest"
import "./support.js"
import { budgets, differences, measure, node } from "./budgets/run.mjs"
import { programs } from "./budgets/programs.mjs"

const pinned = process.versions.node.startsWith(`${node}.`)

describe(
  pinned ? "a request stays within its budget" : `budgets are those of Node.js ${node}: skipped`,
  () => {
    it.skipIf(!pinned).each(Object.entries(budgets))("%s", async (name, budget) => {
      const found = differences(budget, await measure(name))
      assert.deepStrictEqual(found, [], "npm run budgets; with -- --record for new ones")
    })

    it("every program has a budget", () => {
      assert.deepStrictEqual(Object.keys(budgets), Object.keys(programs))
    })
  }
)
