/**
 * Every block of code in the documents that is not run as a program of its own compiles as it stands there, imports and
 * all.
 */
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { project } from "./programs.js"
import { root } from "./support.js"

const documents = [
  "README.md",
  "packages/core/README.md",
  "packages/node/README.md",
  "packages/testing/README.md"
]
for (const file of await readdir(join(root, "docs"))) if (file.endsWith(".md")) documents.push(`docs/${file}`)

describe("blocks without a name", () => {
  it("compile", { timeout: 120_000 }, async () => {
    const programs = new Map<string, string>()
    for (const document of documents) {
      const text = await readFile(join(root, document), "utf8")
      let count = 0
      for (const [, code] of text.matchAll(/^```ts\n(.*?)^```$/gms)) {
        programs.set(`${document.replace(/\W/g, "-")}-${++count}`, code!)
      }
    }
    assert.isAbove(programs.size, 10)
    // They show how something is made, and leave its use to the reader.
    await project(programs, { noUnusedLocals: false })
  })
})
