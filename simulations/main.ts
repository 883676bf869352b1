/**
 * The simulation as a command, `npm run simulate --` with
 *
 * - `--seeds 1000 --from 1`: runs that many seeds, default 20 from 1; stops at the first violation
 * - `--traces`: prints the hash of each seed's trace
 * - `--seed 7`: runs only that seed, and prints the hash of its trace
 * - `--trials`: runs only the trials, which takes a tenth of the time
 * - `--planted`: checks that the simulation finds the bugs planted in copies of core
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { bugs, hunt } from "./planted.js"
import { simulate, type Report } from "./scenario.js"

const option = (name: string): number | undefined => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? undefined : Number(process.argv[at + 1])
}

const merge = (into: Map<string, number>, counts: ReadonlyMap<string, number>): void => {
  for (const [name, count] of counts) into.set(name, (into.get(name) ?? 0) + count)
}

const table = (title: string, counts: ReadonlyMap<string, number>): string =>
  [
    title,
    ...[...counts]
      .sort((a, b) => b[1] - a[1])
      .map(([name, count]) => `  ${String(count).padStart(9)}  ${name}`)
  ].join("\n")

if (process.argv.includes("--planted")) {
  for (const bug of bugs) {
    const { broken, seeds } = await hunt(bug, option("seeds") ?? 1000)
    console.log(`${bug.name}: ${seeds === undefined ? "NOT FOUND" : `found by seed ${seeds}`}\n  ${broken}`)
    if (seeds === undefined) process.exitCode = 1
  }
  process.exit()
}

const one = option("seed")
const from = one ?? option("from") ?? 1
const seeds = one === undefined ? (option("seeds") ?? 20) : 1
const trialsOnly = process.argv.includes("--trials")
const traces = process.argv.includes("--traces")
const faults = new Map<string, number>()
const answers = new Map<string, number>()
const failures = new Map<string, number>()
const reports: Array<Report> = []
const before = process.cpuUsage()

for (let seed = from; seed < from + seeds; seed++) {
  const result = await Effect.runPromise(Effect.either(simulate({ seed, trialsOnly })))
  if (Either.isLeft(result)) {
    console.log(result.left.message)
    console.log(`seed ${seed} failed, ${seed - from + 1} seeds in. Again: npm run simulate -- --seed ${seed}`)
    process.exit(1)
  }
  const report = result.right
  reports.push(report)
  merge(faults, report.faults)
  merge(answers, report.answers)
  merge(failures, report.failures)
  if (one !== undefined || traces) console.log(`seed ${seed}: trace ${report.trace}`)
  if (reports.length % 50 === 0) console.log(`${reports.length} of ${seeds} seeds`)
}

const { system, user } = process.cpuUsage(before)
const sum = (of: (report: Report) => number) => reports.reduce((total, report) => total + of(report), 0)
const shares = reports.map(({ met }) => met).sort((a, b) => a - b)
console.log(table("faults", faults))
console.log(table("answers", answers))
console.log(table("failures", failures))
const percent = (share: number | undefined) => `${((share ?? 0) * 100).toFixed(1)} %`
console.log(
  [
    `${reports.length} seeds from ${from}: ${sum((r) => r.requests)} requests of clients, ${sum((r) => r.calls)} on all links`,
    `${sum((r) => r.resent)} sent again; ${(sum((r) => r.bytes) / 1e6).toFixed(0)} MB; ${(sum((r) => r.time) / 3_600_000).toFixed(1)} virtual hours`,
    `met by a fault: ${percent(sum((r) => r.met) / reports.length)} of the requests, from ${percent(shares[0])} to ${percent(shares.at(-1))} by seed`,
    `CPU time ${((user + system) / 1e6).toFixed(1)} s, ${((user + system) / 1e6 / reports.length).toFixed(2)} s per seed`
  ].join("\n")
)
