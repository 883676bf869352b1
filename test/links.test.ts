/**
 * Links from one document of this repository to a file or folder of it lead somewhere.
 */
import { existsSync } from "node:fs"
import { readdir, readFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { assert, it } from "vitest"
import { root } from "./support.js"

const documents = async (): Promise<ReadonlyArray<string>> => {
  const docs = (await readdir(join(root, "docs"))).filter((file) => file.endsWith(".md"))
  const packages = await readdir(join(root, "packages"))
  return [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "packages/core/test/vectors/README.md",
    ...docs.map((file) => join("docs", file)),
    ...packages.map((name) => join("packages", name, "README.md"))
  ]
}

it("relative links in documents lead to something that is there", async () => {
  const broken: Array<string> = []
  let checked = 0
  for (const document of await documents()) {
    const text = await readFile(join(root, document), "utf8")
    for (const [, target] of text.matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)/g)) {
      checked++
      if (!existsSync(join(root, dirname(document), target!))) broken.push(`${document}: ${target}`)
    }
  }
  assert.deepStrictEqual(broken, [])
  assert.isAbove(checked, 5)
})
