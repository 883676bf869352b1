/**
 * README.md and the guides, followed literally, from an empty folder and with the packages as published.
 * first-steps.md creates a project. Each of the other guides gets a folder in that project.
 *
 * `npm test` runs the commands of README.md and first-steps.md. `npm run test:guides` runs the commands of
 * all guides, type-checks their files, and checks the packages. With `--others`, it leaves out README.md.
 */
import { copyFile, mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { build } from "./image.js"
import { judge, use, useAlone, useVitest } from "./installed.js"
import { blocksOf, follow, type Block } from "./stranger.js"
import { program, root, run } from "./support.js"

const first = "docs/first-steps.md"
const guides = [
  "README.md",
  ...(await readdir(join(root, "docs")))
    .filter((file) => file.endsWith(".md"))
    .map((file) => `docs/${file}`)
    .filter((guide) => guide !== first)
]

const runsAll = process.env["HTTPFX_GUIDES"] !== undefined
// Whether to leave out README.md, because `npm test` runs it.
const others = process.env["HTTPFX_GUIDES"] === "others"
// The guides install vitest 3. Version 5 needs Node.js 22.12.
const vitests = Number(process.versions.node.split(".")[0]) < 22 ? ["4"] : ["4", "5"]
const isRun = (guide: string) => runsAll || guide === "README.md"

const folder = mkdtempSync(join(tmpdir(), "httpfx-guides-"))
let project = ""
let tarballs: ReadonlyArray<string> = []

beforeAll(async () => {
  tarballs = (await run(process.execPath, ["scripts/pack.mjs", join(folder, "tarballs")], root))
    .trim()
    .split("\n")
  const packages = new Map(
    tarballs.map((file) => [`@httpfx/${/httpfx-(\w+)-/.exec(basename(file))![1]!}`, file])
  )
  assert.strictEqual(packages.size, 3)
  project = await follow(await blocksOf(first), folder, { packages })
})

afterAll(() => rm(folder, { recursive: true, force: true }))

// Two guides run at a time (vitest.config.ts).
describe.concurrent("guides, followed literally", () => {
  for (const guide of guides.filter((guide) => !others || guide !== "README.md")) {
    it(isRun(guide) ? guide : `${guide}, without its commands`, async () => {
      const blocks = await blocksOf(guide)
      const files = blocks.flatMap(({ file }) => file ?? [])
      assert.strictEqual(new Set(files).size, files.length, "a file is shown twice")
      const own = join(project, basename(guide, ".md"))
      await mkdir(own)
      // Guides set no timeouts for machines under load. This timeout is shorter than that of this test, so
      // that the output names the guide's test that hangs.
      await writeFile(join(own, "vitest.config.ts"), "export default { test: { testTimeout: 240_000 } }\n")
      // Write all files of the guide before its commands run.
      const isTyped = ({ language }: Block) => language === "console"
      const commands = isRun(guide) ? blocks.filter(isTyped) : []
      await follow([...blocks.filter((block) => !isTyped(block)), ...commands], own)
      // A command of the guide must run each file that the guide shows.
      const typed = blocks
        .filter(({ language }) => language === "console")
        .map(({ text }) => text)
        .join("")
      for (const file of files) {
        const run = file.endsWith(".test.ts") ? /vitest run/.test(typed) : files.length > 0 && typed !== ""
        assert.isTrue(run, `${file} is shown, and no command runs it`)
      }
    })
  }
})

describe("packages that are packed and installed in another project", () => {
  it.runIf(runsAll)("pass the checks of publint and arethetypeswrong", () => judge(tarballs))

  it.runIf(runsAll)("type-check, run, and hide internals", () => use(project))

  it.runIf(runsAll)("need no optional peer, except for entries that are about this peer", async () => {
    const alone = await useAlone(tarballs, folder)
    for (const version of vitests) await useVitest(alone, version)
  })
})

describe.runIf(runsAll)("the project that contains all guides", () => {
  it("type-checks, including files that no command runs", async () => {
    await writeFile(join(project, "wrong.ts"), `export const wrong: number = "text"\n`)
    const complaint = await run("npx", ["tsc"], project).then(
      () => "",
      (error: Error) => error.message
    )
    const files = new Set(Array.from(complaint.matchAll(/^(\S+\.ts)\(/gm), ([, file]) => file))
    // The compiler reports only the wrong file, which shows that it would report other errors too.
    assert.deepStrictEqual([...files], ["wrong.ts"], complaint)
  })
})

describe("the image of docs/deployment.md", () => {
  const document = "docs/deployment.md"

  it.runIf(runsAll)("builds step by step, and runs without compilers", async () => {
    const blocks = await blocksOf(document)
    const context = join(folder, "context")
    await mkdir(context)
    for (const file of ["package.json", "package-lock.json"])
      await copyFile(join(project, file), join(context, file))
    for (const { file, text } of blocks) {
      if (file === undefined) continue
      await mkdir(dirname(join(context, file)), { recursive: true })
      await writeFile(join(context, file), text)
    }
    const dockerfile = blocks.find(({ language }) => language === "dockerfile")!.text
    // The lock file refers to the packed packages in a folder next to the project.
    const beside = (root: string) => symlink(join(folder, "tarballs"), join(root, "tarballs"))
    const image = await build(dockerfile, context, join(folder, "image"), beside)
    const modules = await readdir(join(image.workdir, "node_modules"))
    assert.include(modules, "effect")
    assert.notInclude(modules, "typescript")
    const env = { ...image.env, PORT: "0", HEALTH_PORT: "0", LAME_DUCK: "0 seconds" }
    const server = program(image.start.slice(1), image.workdir, env)
    const [, port] = await server.prints(/http:\/\/\S+:(\d+): listening/)
    assert.strictEqual(await (await fetch(`http://127.0.0.1:${port}/`)).text(), "hello\n")
    assert.strictEqual((await server.stop("SIGTERM")).code, 0)
  })
})
