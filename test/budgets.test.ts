/**
 * Budgets that no machine's speed decides: what a request allocates, and how many timers, listeners and
 * writes it costs. The bytes may differ by a tenth in either direction; who saves more writes a new budget,
 * so that it is not lost again.
 */
import { assert, describe, it } from "vitest"
import "./support.js"
import { budgets, differences, measure, node } from "./budgets/run.mjs"
import { programs } from "./budgets/programs.mjs"

const pinned = process.versions.node.startsWith(`${node}.`)

describe(
  pinned ? "a request costs what its budget says" : `budgets are those of Node.js ${node}: skipped`,
  () => {
    it.skipIf(!pinned).each(Object.entries(budgets))("%s", async (name, budget) => {
      const found = differences(budget, await measure(name))
      assert.deepStrictEqual(found, [], "npm run budgets; with -- --record for new ones")
    })

    it("each program has one", () => {
      assert.deepStrictEqual(Object.keys(budgets), Object.keys(programs))
    })
  }
)
