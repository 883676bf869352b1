// Leftovers of a run are reported, and fail the run.
import { spawn, spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "vitest"
import { root } from "./support.js"

const repository = mkdtempSync(join(tmpdir(), "httpfx-"))
spawnSync("git", ["init", "--quiet", repository])
afterAll(() => rmSync(repository, { recursive: true, force: true }))

/** Runs a program through the script. Returns the exit code and the output. */
const run = (program: string) =>
  new Promise<readonly [code: number | null, text: string]>((resolve) => {
    const script = join(root, "scripts/leaves-nothing.mjs")
    const child = spawn(process.execPath, [script, process.execPath, "-e", program], { cwd: repository })
    let text = ""
    child.stderr.setEncoding("utf8").on("data", (data: string) => (text += data))
    child.on("close", (code) => resolve([code, text]))
  })

const detached = (program: string) =>
  `require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(program)}], { detached: true, stdio: ["ignore", "pipe", "ignore"] })
    .stdout.once("data", (pid) => { require("fs").writeFileSync("pid", pid); process.exit() })`
const told = `process.stdout.write(String(process.pid)); setInterval(() => {}, 1000)`

describe.skipIf(spawnSync("git", ["--version"]).status !== 0)("a run", () => {
  it("passes if it leaves nothing", async () => {
    assert.deepStrictEqual(
      await run(
        `require("fs").rmSync(require("fs").mkdtempSync(require("os").tmpdir() + "/x-"), { recursive: true })`
      ),
      [0, ""]
    )
  })

  it("exits with the code of its command if that is not 0", async () => {
    assert.strictEqual((await run("process.exit(7)"))[0], 7)
  })

  it("fails if it leaves files and folders", async () => {
    const [code, text] = await run(
      `const fs = require("fs"), os = require("os"); fs.mkdirSync(os.tmpdir() + "/a-folder"); fs.writeFileSync(os.tmpdir() + "/a-file", ""); fs.writeFileSync("in-the-repository", "")`
    )
    assert.strictEqual(code, 1)
    assert.match(text, /left behind: file \S+\/a-file\n/)
    assert.match(text, /left behind: folder \S+\/a-folder\n/)
    assert.match(text, /left behind: file in-the-repository\n/)
  })

  it.skipIf(process.platform !== "linux")(
    "fails if it leaves processes and ports, and ends them",
    async () => {
      const listens = `require("net").createServer().listen(0, "127.0.0.1", () => { ${told} })`
      const [code, text] = await run(detached(listens))
      const pid = readFileSync(join(repository, "pid"), "utf8")
      assert.strictEqual(code, 1)
      assert.include(text, `left behind: process ${pid}: `)
      assert.match(text, new RegExp(`left behind: port \\d+: process ${pid} listens`))
      // The command line of a zombie process is empty.
      const file = `/proc/${pid}/cmdline`
      assert.isTrue(!existsSync(file) || readFileSync(file, "utf8") === "")
    }
  )
})
