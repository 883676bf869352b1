// A connection is lost at each point of an exchange, on a network with latency. Checks the error, the bytes
// written and received, and whether the request was resent. docs/agent.md has the short form of this table.
import { describe, it } from "vitest"
import { run, situations } from "../support/losses.js"

for (const [where, all] of Object.entries(situations)) {
  describe(`A connection lost ${where}`, () => {
    for (const [what, situation] of Object.entries(all)) it(what, () => run(situation))
  })
}
