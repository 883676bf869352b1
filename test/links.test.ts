/** Relative links between documents of this repository lead to existing targets. */
import { existsSync } from "node:fs"
import { readdir, readFile } from "node:fs/promises"
import { dirname, join, relative, resolve } from "node:path"
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

const withoutCode = (text: string) => text.replace(/^```.*?^```$/gms, "")

/** Returns the anchors of a document's headings. */
const headingsOf = (text: string): ReadonlySet<string> =>
  new Set(
    Array.from(withoutCode(text).matchAll(/^#+ (.+)$/gm), ([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\w\- ]/g, "")
        .replaceAll(" ", "-")
    )
  )

it("relative links in documents have targets", async () => {
  const texts = new Map<string, string>()
  for (const document of await documents()) texts.set(document, await readFile(join(root, document), "utf8"))
  const broken: Array<string> = []
  let checked = 0
  for (const [document, text] of texts) {
    for (const [, file, , heading] of withoutCode(text).matchAll(
      /\]\((?![a-z]+:)([^)#\s]*)(#([^)\s]+))?\)/g
    )) {
      checked++
      const target = file === "" ? document : relative(root, resolve(root, dirname(document), file!))
      const isThere =
        existsSync(join(root, target)) &&
        (heading === undefined || headingsOf(texts.get(target) ?? "").has(heading))
      if (!isThere) broken.push(`${document}: ${file}${heading === undefined ? "" : `#${heading}`}`)
    }
  }
  assert.deepStrictEqual(broken, [])
  assert.isAbove(checked, 100)
})

it("README.md links to every guide", async () => {
  const readme = await readFile(join(root, "README.md"), "utf8")
  const guides = (await documents()).filter((document) => document.startsWith("docs/"))
  assert.deepStrictEqual(
    guides.filter((guide) => !readme.includes(`(${guide})`)),
    []
  )
})
