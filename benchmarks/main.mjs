// `npm run bench` runs all comparisons, which are listed in scenarios.mjs, parser.mjs and networks.mjs. The
// modules in lib/ run them.
import { writeFileSync } from "node:fs"
import { cpus } from "node:os"
import { chart } from "./lib/chart.mjs"
import { againstTable, alternating, inFreshProcesses, pairs } from "./lib/against.mjs"
import { cores, pinned, start } from "./lib/child.mjs"
import { runClients } from "./lib/clients.mjs"
import { runGrowth } from "./lib/growth.mjs"
import { runIdle } from "./lib/idle.mjs"
import { readOptions } from "./lib/options.mjs"
import { growthTable, idleTable, scenarioTable, stallTable, streamTable, tailTable } from "./lib/report.mjs"
import { runScenario } from "./lib/scenario.mjs"
import { runStalls } from "./lib/stalls.mjs"
import { runStreams } from "./lib/streams.mjs"
import { runTail } from "./lib/tail.mjs"
import {
  clientScenarios,
  growthScenarios,
  idleScenarios,
  runtimeScenarios,
  scenarios,
  stallScenarios,
  streamScenarios,
  tailScenarios
} from "./scenarios.mjs"

const options = readOptions(process.argv.slice(2))
const progress = (text) => process.stderr.isTTY && process.stderr.write(`\r\x1b[2K${text}`)
const print = (text) => {
  progress("")
  if (!options.json) console.log(text)
}

const machine = {
  node: process.version,
  processor: cpus()[0].model,
  cores: cpus().length,
  pinned: pinned ? `server on core ${cores.server}, load on core ${cores.load}` : "no"
}
print(`Node.js ${machine.node}, ${machine.cores} cores, ${machine.processor}; pinned: ${machine.pinned}`)
if (!pinned)
  print("taskset is missing, or there is one core only: processes are not kept apart, ratios are rough.")
print(
  `${options.rounds} rounds of ${options.seconds} s; medians, in brackets the lowest and highest round.\n`
)

const parse = async () => {
  progress("parser: every kind of message in turn")
  const child = start("./parse.mjs", [], cores.server)
  try {
    const result = await child.ask({ rounds: options.rounds, milliseconds: options.seconds * 125 })
    print(`${result.table}Core of the parsers: ${Math.round(result.busy * 100)} % theirs.\n`)
    return result.rows
  } catch (error) {
    // Some versions of Node.js do not expose their parser. Other rows do not need it.
    print(`## Parser\n\nNot measured: ${error.message}\n`)
    return undefined
  } finally {
    child.stop()
  }
}

const parser = options.against === undefined && options.wants("parser") ? await parse() : undefined

const compareNetworks = async () => {
  progress("networks: memory against loopback")
  const child = start("./networks.mjs", [], cores.server)
  try {
    const { row, table } = await child.ask({
      rounds: options.rounds,
      milliseconds: options.seconds * 1000,
      warmup: options.warmup * 1000
    })
    print(table)
    return row
  } finally {
    child.stop()
  }
}

const networks =
  options.against === undefined && options.wants("networks", "memory", "loopback")
    ? await compareNetworks()
    : undefined

const results = []
const runAll = async (all, run, tableOf) => {
  const { against, wants } = options
  const list = against === undefined ? all : all.flatMap((scenario) => pairs(scenario, against, wants))
  for (const scenario of list) {
    if (against === undefined && !wants(scenario.name, ...Object.keys(scenario.contestants))) continue
    const runs = against === undefined ? run : inFreshProcesses(run)
    for (const result of [await runs(scenario, options, progress)].flat()) {
      results.push(result)
      print(tableOf(result))
    }
  }
}
if (options.against !== undefined) {
  progress("in one process")
  for (const { name, ratio } of await alternating(options, options.against)) {
    results.push({ name, rows: [{ name: "this", ratio }], notDrawn: true })
  }
}
await runAll(scenarios, runScenario, scenarioTable)
await runAll(streamScenarios, runStreams, streamTable)
await runAll(idleScenarios, runIdle, idleTable)
if (options.against === undefined) {
  await runAll(runtimeScenarios, runScenario, scenarioTable)
  await runAll(stallScenarios, runStalls, stallTable)
  await runAll(tailScenarios, runTail, tailTable)
  await runAll(growthScenarios, runGrowth, growthTable)
}
await runAll(clientScenarios, runClients, (result) =>
  scenarioTable(result, { measured: "client core", other: "server core" })
)
if (options.against !== undefined) print(againstTable(results, options.against))
if (options.chart !== undefined) {
  const groups = results.filter(({ notDrawn, notMeasured }) => notMeasured === undefined && !notDrawn)
  const about = `Node.js ${machine.node}. Longer is faster (idle: is more memory); 1 is the baseline. ${options.rounds} rounds`
  writeFileSync(options.chart, chart(groups, about))
}
if (options.json)
  console.log(JSON.stringify({ machine, options, parser, networks, scenarios: results }, null, 2))
