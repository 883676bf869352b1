// `--against DIR`: runs each contestant that is ours on this checkout and on another checkout. The two are
// contestants of one scenario and run in alternating rounds.
import { existsSync } from "node:fs"
import { resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { cores, start } from "./child.mjs"
import { range, table } from "./report.mjs"
import { noise, spread } from "./statistics.mjs"

const here = fileURLToPath(new URL("../..", import.meta.url))
const built = (folder) => existsSync(`${folder}/packages/node/dist/index.js`)

/** Returns the folder of a checkout. Throws if it cannot be compared with this checkout. */
export const checkoutAt = (path) => {
  const folder = resolve(path)
  if (!existsSync(`${folder}/benchmarks/node_modules`) || !built(folder)) {
    throw new Error(
      `--against ${path}: no checkout that is installed and built (npm run setup, npm run build)`
    )
  }
  return folder
}

const other = "other"
const sides = (folder) => ({ [other]: folder, this: here })

const ours = (name) => name.includes("httpfx")

/** Returns a scenario for each contestant that is ours. Its baseline is the other checkout. */
export const pairs = (scenario, folder, wants) =>
  Object.entries(scenario.contestants)
    .filter(([name]) => ours(name) && wants(scenario.name, name))
    .map(([name, script]) => ({
      ...scenario,
      name: `${scenario.name}: ${name}`,
      title: `${scenario.title ?? scenario.name}: ${name}`,
      baseline: other,
      contestants: Object.fromEntries(
        Object.entries(sides(folder)).map(([side, checkout]) => [side, { script, checkout }])
      )
    }))

const inTurn = (round, list) => (round % 2 === 0 ? list : [...list].reverse())

const merged = (rows) => {
  const [first] = rows
  const keys = Object.keys(first)
  const all = (key) => rows.map((row) => row[key])
  return Object.fromEntries(
    keys.map((key) => {
      if (first[key]?.values !== undefined) return [key, spread(all(key).flatMap(({ values }) => values))]
      return [key, key === "rounds" || key === "countingRounds" ? sum(all(key)) : first[key]]
    })
  )
}
const sum = (values) => values.reduce((total, value) => total + value, 0)

/**
 * Runs a scenario as `run` does, but with new processes in each round. Code layout and compilation differ
 * between two processes of the same program and stay the same while they live, so more rounds in one pair of
 * processes would not help.
 */
export const inFreshProcesses = (run) => async (scenario, options, progress) => {
  const all = []
  for (let round = 0; round < options.rounds; round++) {
    const contestants = Object.fromEntries(inTurn(round, Object.entries(scenario.contestants)))
    const told = (text) => progress(`${round + 1} of ${options.rounds}: ${text}`)
    all.push([await run({ ...scenario, contestants }, { ...options, rounds: 1 }, told)].flat())
  }
  return all[0].map((result, index) => ({
    ...result,
    rows: result.rows?.map(({ name }) =>
      merged(all.map((results) => results[index].rows.find((row) => row.name === name)))
    )
  }))
}

/** Measures times within a process, by name. Each side has a new process in each round. */
const alternate = async (script, folder, rounds, ask) => {
  const samples = { [other]: [], this: [] }
  for (let round = 0; round < rounds; round++) {
    for (const [side, checkout] of inTurn(round, Object.entries(sides(folder)))) {
      const child = start(script, [], cores.server, [], checkout)
      try {
        samples[side].push(await ask(child))
      } finally {
        child.stop()
      }
    }
  }
  return Object.keys(samples.this[0]).map((name) => ({
    name,
    ratio: spread(samples.this.map((times, round) => samples[other][round][name] / times[name]))
  }))
}

const parserTimes = async (child, milliseconds) => {
  const { rows } = await child.ask({ rounds: 1, milliseconds })
  return Object.fromEntries(
    rows.flatMap(({ engines, name }) =>
      engines
        .filter((engine) => engine.name !== "native")
        .map((engine) => [`parser: ${name}, ${engine.name}`, engine.microseconds.median])
    )
  )
}

const networkTimes = async (child, milliseconds) => {
  const { row } = await child.ask({ rounds: 1, milliseconds, warmup: milliseconds })
  return { "networks: loopback": row.loopback.median, "networks: memory": row.memory.median }
}

/** Runs the rows that are measured within one process. */
export const alternating = async ({ rounds, seconds, wants }, folder) => [
  ...(wants("parser")
    ? await alternate("./parse.mjs", folder, rounds, (child) => parserTimes(child, seconds * 125))
    : []),
  ...(wants("networks", "memory", "loopback")
    ? await alternate("./networks.mjs", folder, rounds, (child) => networkTimes(child, seconds * 1000))
    : [])
]

// Differences below this share never count. Larger differences must exceed a multiple of the noise.
const least = 0.01
const times = 3

/**
 * Returns the verdict on the ratios of paired rounds. `more` and `less` are the words for ratios above and
 * below 1.
 */
export const verdict = ({ median, values }, [more, less]) => {
  if (values.length < 3) return "too few rounds"
  if (Math.abs(median - 1) <= Math.max(least, times * noise(values))) return "within the noise"
  return median > 1 ? more : less
}

const speeds = ["faster", "slower"]

/** Prints a line per row of all results, which compares this checkout with the other checkout. */
export const againstTable = (results, folder) => {
  const lines = results.flatMap(({ name, rows, less = false }) =>
    rows
      .filter((row) => row.name === "this")
      .map(({ countingRounds, ratio, rounds }) => {
        const said = verdict(ratio, less ? ["more memory", "less memory"] : speeds)
        const counts = countingRounds === undefined || countingRounds * 2 > rounds
        const tally =
          countingRounds === undefined ? "" : `${counts ? "yes" : "no"} (${countingRounds}/${rounds})`
        return [
          name,
          range(ratio, (value) => value.toFixed(3)),
          counts ? said : `${said}, if it counted`,
          tally
        ]
      })
  )
  return `## This checkout against ${folder}\n\n${table(["row", "this, other = 1", "verdict", "counts"], lines)}\n`
}
