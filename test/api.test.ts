/**
 * The public surface of the packages equals docs/api/, so that each change of it shows as a difference. After
 * an intended change: `npm run api -- --record`.
 */
import { assert, describe, expect, it } from "vitest"
import { differences, packages, recorded, surface } from "../scripts/api.mjs"

const { documents, homes } = await surface()

describe("the public surface", () => {
  it.each(packages)("of %s equals docs/api/", (name) => {
    assert.deepStrictEqual(differences(recorded(name), documents.get(name)!), [])
  })

  it("exports each symbol from one entry", () => {
    expect(homes.length).toBeGreaterThan(500)
    assert.deepStrictEqual(
      homes.filter((names) => names.length > 1),
      []
    )
  })

  it("reports changed lines as differences", () => {
    const before = "## a\n\nx: 1\ny: 2\n\n## b\n\nx: 1\n"
    const after = "## a\n\nx: 1\ny: 3\n\n## b\n\nx: 1\nx: 1\n"
    assert.deepStrictEqual(differences(before, after), ["- a: y: 2", "+ a: y: 3", "+ b: x: 1"])
    assert.deepStrictEqual(differences(before, before), [])
    assert.deepStrictEqual(differences("## a\nx\ny", "## a\ny\nx"), ["  the order of lines"])
  })
})
