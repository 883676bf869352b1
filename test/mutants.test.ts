// The planted bugs of `npm run mutants`. Each bug must still apply to exactly one place, and name tests that
// must find it.
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { bugs as all } from "../mutants/bugs.mjs"
import { same } from "../mutants/same.mjs"
import { check, type Planted } from "../simulations/plant.js"
import { root } from "./support.js"

interface Bug extends Planted {
  readonly area: string
  readonly harm: string
  /** The test files that must find the bug. */
  readonly nets: ReadonlyArray<string>
  /** The reason why no test can find the bug. */
  readonly survives?: string
}
const bugs: ReadonlyArray<Bug> = all

describe("planted bugs", () => {
  it.each(bugs)("$area: $name", async (bug) => {
    await check(root, bug)
    expect(bug.nets).not.toEqual([])
    for (const file of bug.nets) expect(existsSync(join(root, file)), file).toBe(true)
    expect(bug.harm).toMatch(/\.$/)
  })

  it("the equivalent mutants listed for mutants:wire refer to existing lines", () => {
    for (const { file, line } of same)
      expect(
        readFileSync(join(root, file), "utf8")
          .split("\n")
          .map((each) => each.trim())
      ).toContain(line)
  })

  it("cover every area, and all except a few are found", () => {
    expect(new Set(bugs.map(({ area, name }) => `${area}: ${name}`)).size).toBe(bugs.length)
    expect(bugs.length).toBeGreaterThanOrEqual(60)
    expect(bugs.filter(({ survives }) => survives !== undefined).length).toBeLessThanOrEqual(3)
    for (const room of ["core/src/internal", "core/src/pool", "core/src/wire", "node/src/http"])
      expect(
        bugs.some(({ file }) => file.startsWith(`packages/${room}/`)),
        room
      ).toBe(true)
  })

  it("a bug that no longer applies is reported with its number of places", async () => {
    const bug = { ...bugs[0]!, find: "this stands nowhere" }
    await expect(check(root, bug)).rejects.toThrow(`"${bug.name}" has 0 places in ${bug.file}`)
    const often = { ...bugs[0]!, find: "this" }
    await expect(check(root, often)).rejects.toThrow(/has \d{2,} places/)
  })
})
