// A copy of the sources and the tests, in which bugs are planted. It shares the installed packages with the
// original.
import { spawn } from "node:child_process"
import { cp, mkdtemp, readFile, readdir, rm, symlink } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, join, relative, sep } from "node:path"

const copied = ["package.json", "vitest.config.ts", "tsconfig.base.json", "docs", "packages"]
const leftOut = new Set(["node_modules", "dist"])

export class Copy {
  child
  constructor(folder) {
    this.folder = folder
  }

  static async of(root) {
    const folder = await mkdtemp(join(tmpdir(), "httpfx-mutants-"))
    const filter = (path) => !leftOut.has(basename(path))
    for (const name of copied) await cp(join(root, name), join(folder, name), { recursive: true, filter })
    await symlink(join(root, "node_modules"), join(folder, "node_modules"))
    for (const name of await readdir(join(root, "packages")))
      await symlink(
        join(root, "packages", name, "node_modules"),
        join(folder, "packages", name, "node_modules")
      )
    return new Copy(folder)
  }

  async remove() {
    if (this.child !== undefined) this.end(this.child)
    await rm(this.folder, { recursive: true, force: true })
  }

  /**
   * Runs test files until the first test fails. Returns `Passed` (with the `durations` of files, ms),
   * `Failed` (`by` a test), `Hangs`, or `Broken` if the files cannot be loaded.
   */
  async test(files, patience) {
    const report = join(this.folder, "report.json")
    await rm(report, { force: true })
    const child = (this.child = spawn(
      process.execPath,
      [
        ...["node_modules/vitest/vitest.mjs", "run", "--bail=1", "--maxWorkers=1", "--minWorkers=1"],
        ...["--testTimeout=20000", "--hookTimeout=5000", "--reporter=json", `--outputFile=${report}`],
        ...files
      ],
      // Use a separate process group, so that killing it also ends the workers of the test runner.
      { cwd: this.folder, detached: true, stdio: ["ignore", "pipe", "pipe"] }
    ))
    let output = ""
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => (output += text))
    let late = false
    const timer = setTimeout(() => {
      late = true
      this.end(child)
    }, patience)
    const status = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve))
    clearTimeout(timer)
    this.child = undefined
    if (late) return { _tag: "Hangs" }
    const text = await readFile(report, "utf8").catch(() => undefined)
    if (text === undefined) return { _tag: "Failed", by: "the process ends", details: output }
    const suites = JSON.parse(text).testResults
    if (status === 0) {
      const took = suites.map(({ endTime, name, startTime }) => [
        relative(this.folder, name),
        endTime - startTime
      ])
      return { _tag: "Passed", durations: new Map(took) }
    }
    for (const { assertionResults, name } of suites)
      for (const { failureMessages, fullName, status } of assertionResults)
        if (status === "failed") {
          const file = name.split(sep).at(-1)
          return { _tag: "Failed", by: `${file}: ${fullName}`, details: failureMessages.join("\n") }
        }
    const unloaded = suites.find(
      ({ assertionResults, status }) => status === "failed" && assertionResults.length === 0
    )
    if (unloaded !== undefined) return { _tag: "Broken", details: unloaded.message }
    return { _tag: "Failed", by: "an error that no test has caught", details: output }
  }

  end(child) {
    try {
      process.kill(-child.pid, "SIGKILL")
    } catch {
      // The process has already exited.
    }
  }
}
