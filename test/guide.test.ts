/** The test files in docs/testing.md are compiled and run as they stand there. */
import { assert, describe, it } from "vitest"
import { blocksOf, project, test } from "./programs.js"

describe("docs/testing.md", () => {
  it("every block passes, as one reads it", { timeout: 120_000 }, async () => {
    const blocks = await blocksOf("docs/testing.md")
    const printed = await test(await project(blocks), blocks.keys())
    assert.match(printed, new RegExp(`Test Files +${blocks.size} passed \\(${blocks.size}\\)`))
    for (const name of blocks.keys()) assert.include(printed, `${name}.ts`)
  })
})
