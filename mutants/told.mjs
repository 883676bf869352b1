// A reporter for Stryker. Prints each survivor when it is found, the score so far, and at the end the score
// of each file. Survivors on the lines in `same.mjs` do not count.
import { readFileSync } from "node:fs"
import { same } from "./same.mjs"

const least = 85

const percent = (part, of) => `${((100 * part) / of).toFixed(1)} %`

class Told {
  all = { tested: 0, found: 0, hang: 0, same: 0 }
  files = new Map()

  count(file, what) {
    const own = this.files.get(file) ?? { tested: 0, found: 0, hang: 0, same: 0 }
    this.files.set(file, own)
    for (const of of [this.all, own]) of[what]++
  }

  onMutantTested({ fileName, location, mutatorName, replacement, status }) {
    const found = status === "Killed" || status === "Timeout"
    if (!found && status !== "Survived" && status !== "NoCoverage") return
    const file = fileName.slice(fileName.indexOf("packages/"))
    const { column, line } = location.start
    const original = readFileSync(fileName, "utf8").split("\n")[line - 1].trim()
    if (!found && same.some((known) => known.file === file && known.line === original)) {
      this.count(file, "same")
      return
    }
    this.count(file, "tested")
    if (status === "Timeout") this.count(file, "hang")
    if (found) this.count(file, "found")
    else
      console.log(
        `${status} ${file}:${line}:${column} ${mutatorName}\n    - ${original}\n    + ${replacement}`
      )
    if (this.all.tested % 20 === 0) console.log(`${this.all.found} of ${this.all.tested} found`)
  }

  onMutationTestReportReady() {
    const { found, hang, same, tested } = this.all
    for (const [file, own] of [...this.files].sort())
      console.log(`${file}: ${own.found} of ${own.tested}, besides ${own.same} that are the same program`)
    console.log(
      `${found} of ${tested} found (${hang} hang): ${percent(found, tested)}; ` +
        `with ${same} that are the same program ${percent(found, tested + same)}`
    )
    if ((100 * found) / tested < least) process.exitCode = 1
  }
}

export const strykerPlugins = [{ kind: "Reporter", name: "told", injectableClass: Told }]
