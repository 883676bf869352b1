/** docs/automaton.md is what the tables say. */
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import * as tables from "../../../src/wire/automaton/table.js"

const root = new URL("../../../../../", import.meta.url)

describe("docs/automaton.md", () => {
  it("is drawn from the tables (node scripts/automaton-doc.mjs draws it anew)", async () => {
    const script = new URL("scripts/automaton-doc.mjs", root).href
    const { render } = (await import(script)) as { render: (from: typeof tables) => Promise<string> }
    expect(readFileSync(new URL("docs/automaton.md", root), "utf8")).toBe(await render(tables))
  })
})
