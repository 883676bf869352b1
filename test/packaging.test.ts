/** The metadata of the packages. guides.test.ts tests the packed and installed packages. */
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { largest } from "./installed.js"
import { root } from "./support.js"

describe("packages", () => {
  it("have complete metadata and one version", async () => {
    const versions = new Set<unknown>()
    for (const name of Object.keys(largest)) {
      const text = await readFile(join(root, "packages", name, "package.json"), "utf8")
      const descriptor = JSON.parse(text) as Readonly<Record<string, unknown>>
      for (const field of [
        "description",
        "license",
        "keywords",
        "engines",
        "sideEffects",
        "exports",
        "files"
      ]) {
        assert.property(descriptor, field, name)
      }
      versions.add(descriptor["version"])
    }
    assert.strictEqual(versions.size, 1)
  })

  it("have changesets that the version tool accepts", async () => {
    const folder = join(root, ".changeset")
    const read = async (file: string) => readFile(join(folder, file), "utf8")
    const { fixed } = JSON.parse(await read("config.json")) as { fixed: ReadonlyArray<ReadonlyArray<string>> }
    assert.sameMembers(
      [...fixed[0]!],
      Object.keys(largest).map((name) => `@httpfx/${name}`)
    )
    for (const file of (await readdir(folder)).filter(
      (file) => file.endsWith(".md") && file !== "README.md"
    )) {
      const [, front, text] = /^---\n(.*?)^---\n(.*)$/ms.exec(await read(file)) ?? []
      assert.match(front ?? "", /^("@httpfx\/(core|node|testing)": (major|minor|patch)\n)+$/, file)
      assert.isNotEmpty(text?.trim(), file)
    }
  })
})
