// A reporter of Stryker's that tells each survivor when it is known, and the score so far. Those of `same.mjs` do not count.
import { readFileSync } from "node:fs"
import { same } from "./same.mjs"

const least = 85

class Told {
  tested = 0
  found = 0
  hang = 0
  same = 0

  onMutantTested({ fileName, location, mutatorName, replacement, status }) {
    const found = status === "Killed" || status === "Timeout"
    if (!found && status !== "Survived" && status !== "NoCoverage") return
    const file = fileName.slice(fileName.indexOf("packages/"))
    const { column, line } = location.start
    const original = readFileSync(fileName, "utf8").split("\n")[line - 1].trim()
    if (!found && same.some((known) => known.file === file && known.line === original)) {
      this.same++
      return
    }
    this.tested++
    if (status === "Timeout") this.hang++
    if (found) this.found++
    else
      console.log(
        `${status} ${file}:${line}:${column} ${mutatorName}\n    - ${original}\n    + ${replacement}`
      )
    if (this.tested % 20 === 0) console.log(`${this.found} of ${this.tested} found`)
  }

  onMutationTestReportReady() {
    const score = (100 * this.found) / this.tested
    const raw = (100 * this.found) / (this.tested + this.same)
    console.log(
      `${this.found} of ${this.tested} found (${this.hang} hang): ${score.toFixed(1)} %; ` +
        `with ${this.same} that are the same program ${raw.toFixed(1)} %`
    )
    if (score < least) process.exitCode = 1
  }
}

export const strykerPlugins = [{ kind: "Reporter", name: "told", injectableClass: Told }]
