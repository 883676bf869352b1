/** docs/automaton.md is up to date with the tables. */
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import * as tables from "../../../src/wire/automaton/table.js"

const root = new URL("../../../../../", import.meta.url)

describe("docs/automaton.md", () => {
  it("matches the tables (node scripts/automaton-doc.mjs generates it)", async () => {
    const script = new URL("scripts/automaton-doc.mjs", root).href
    const { render } = (await import(script)) as { render: (from: typeof tables) => Promise<string> }
    expect(readFileSync(new URL("docs/automaton.md", root), "utf8")).toBe(await render(tables))
  })
})
