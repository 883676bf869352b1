// Where a connection can be lost, from before there is one until the last byte, on a network on which every
// byte takes a while: what the caller hears, how much was written and seen, and whether the request was sent
// again. docs/agent.md has the short form of this table.
import { describe, it } from "vitest"
import { run, situations } from "../support/losses.js"

for (const [where, all] of Object.entries(situations)) {
  describe(`A connection lost ${where}`, () => {
    for (const [what, situation] of Object.entries(all)) it(what, () => run(situation))
  })
}
