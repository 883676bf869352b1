/**
 * The test files in the guides are compiled and run as they stand there: in one project, which costs less than two. Blocks without
 * a name only compile (snippets.test.ts).
 */
import { assert, describe, it } from "vitest"
import { blocksOf, project, test } from "./programs.js"

const guides = [
  "docs/testing.md",
  "docs/client.md",
  "docs/exchange.md",
  "docs/agent.md",
  "docs/timeouts-and-limits.md",
  "docs/shutdown.md",
  "docs/observability.md",
  "docs/tls.md",
  "docs/bridges.md",
  "docs/server.md",
  "docs/bodies.md",
  "docs/migration-undici.md",
  "docs/migration-platform-node.md"
]

describe(guides.join(", "), () => {
  it("every block passes, as one reads it", { timeout: 180_000 }, async () => {
    const blocks = new Map<string, string>()
    for (const guide of guides) {
      for (const [name, code] of await blocksOf(guide)) {
        assert.isFalse(blocks.has(name), `${name} is in two guides`)
        blocks.set(name, code)
      }
    }
    const printed = await test(await project(blocks), blocks.keys())
    assert.match(printed, new RegExp(`Test Files +${blocks.size} passed \\(${blocks.size}\\)`))
    for (const name of blocks.keys()) assert.include(printed, `${name}.ts`)
  })
})
