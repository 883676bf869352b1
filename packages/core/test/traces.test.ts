// Compares almost six hundred conversations (calls, callbacks, events, facts of failures) with their
// recordings. A difference is a change of behaviour: fix it, or, if intended, run `npm run traces --
// --record`, and read the diff.
import { assert, describe, it } from "vitest"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { groups } from "./traces/groups.js"

const folder = new URL("./traces/recorded/", import.meta.url)
const recording = process.env["HTTPFX_TRACES"] === "record"
const file = (group: string) => new URL(`${group}.txt`, folder)

const parse = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text
      .split(/^## /m)
      .slice(1)
      .map((section) => {
        const end = section.indexOf("\n")
        return [section.slice(0, end), section.slice(end + 1).trim()]
      })
  )

if (recording) {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
}

describe.each(groups)("traces of $group", ({ conversations, group }) => {
  const recorded = existsSync(file(group))
    ? parse(readFileSync(file(group), "utf8"))
    : new Map<string, string>()
  const seen: Array<string> = []

  it.each(conversations)("$name", async ({ name, run }) => {
    const lines = await run()
    const trace = lines.join("\n")
    seen.push(`## ${name}\n\n${trace}\n`)
    if (!recording) assert.strictEqual(trace, recorded.get(name), "npm run traces -- --record")
  })

  it("have distinct names, and no recording is left over", () => {
    const names = conversations.map(({ name }) => name)
    assert.strictEqual(new Set(names).size, names.length)
    if (recording) writeFileSync(file(group), seen.join("\n"))
    else assert.deepStrictEqual([...recorded.keys()], names)
  })
})

it("every recording has a group", () => {
  const names = groups.map(({ group }) => `${group}.txt`).sort()
  if (!recording) assert.deepStrictEqual(readdirSync(folder).sort(), names)
})
