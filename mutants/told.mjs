// A reporter of Stryker's that tells each survivor when it is known, and the score so far: what is known of a run that is not over yet.
import { readFileSync } from "node:fs"

class Told {
  tested = 0
  found = 0

  onMutantTested({ fileName, location, mutatorName, replacement, status }) {
    const found = status === "Killed" || status === "Timeout"
    if (!found && status !== "Survived" && status !== "NoCoverage") return
    this.tested++
    if (found) this.found++
    else {
      const { column, line } = location.start
      const place = `${fileName.slice(fileName.indexOf("packages/"))}:${line}:${column}`
      const original = readFileSync(fileName, "utf8").split("\n")[line - 1].trim()
      console.log(`${status} ${place} ${mutatorName}\n    - ${original}\n    + ${replacement}`)
    }
    if (this.tested % 20 === 0) console.log(`${this.found} of ${this.tested} found`)
  }

  onMutationTestReportReady() {
    console.log(`${this.found} of ${this.tested} found: ${((100 * this.found) / this.tested).toFixed(1)} %`)
  }
}

export const strykerPlugins = [{ kind: "Reporter", name: "told", injectableClass: Told }]
