/**
 * Programs that use unmodified npm libraries. Each runs in its own process, on the built-in modules and with
 * the register hook, with the same output. With the hook, `scripts/no-built-in.mjs` makes every function of
 * the built-in HTTP implementation throw.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { root, run } from "./support.js"

const folder = join(root, "integration/programs")
const register = join(root, "packages/node/dist/register.cjs")
const guard = join(root, "scripts/no-built-in.mjs")
const programs = readdirSync(folder).filter((name) => name.endsWith(".mjs") && name !== "tools.mjs")

// These libraries send their replies through Node's own parser.
const usesBuiltIn = new Set(["msw.mjs", "nock-14.mjs"])

describe("libraries on the callback API", () => {
  it("has a program for each library in the list", () => {
    const { devDependencies } = JSON.parse(readFileSync(join(root, "integration/package.json"), "utf8"))
    const all = programs.map((name) => readFileSync(join(folder, name), "utf8")).join("\n")
    for (const library of Object.keys(devDependencies)) {
      if (library !== "@httpfx/node") assert.include(all, `"${library}"`)
    }
  })

  for (const program of programs) {
    it.concurrent(program, async ({ expect }) => {
      const preloads = usesBuiltIn.has(program) ? [] : ["--import", guard]
      const [builtIn, ours] = await Promise.all([
        run(process.execPath, [join(folder, program)], root),
        run(process.execPath, [...preloads, "--import", register, join(folder, program)], root)
      ])
      // Warnings contain the process id, so remove it.
      const comparable = (text: string) => text.replace(/^\(node:\d+\)/gm, "(node)")
      expect(comparable(ours)).toBe(comparable(builtIn))
      expect(builtIn.split("\n").length).toBeGreaterThan(4)
    })
  }
})
