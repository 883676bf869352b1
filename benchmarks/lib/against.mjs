// `--against DIR`: runs each of our own contestants on this checkout and on another one, as two contestants
// of a scenario, in alternating rounds.
import { existsSync } from "node:fs"
import { resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { cores, start } from "./child.mjs"
import { range, table } from "./report.mjs"
import { noise, spread } from "./statistics.mjs"

const here = fileURLToPath(new URL("../..", import.meta.url))
const built = (folder) => existsSync(`${folder}/packages/node/dist/index.js`)

/** The folder of a checkout, checked for comparability. */
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

/** A scenario per contestant of ours; the other checkout is its baseline. */
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
 * Runs a scenario as `run` does, but with new processes for each round: two processes of the same program
 * differ for as long as they live (by code layout and compilation), which more rounds of the same two would
 * not reveal.
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

/** Times measured in one process, by name: a process per side and round. */
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

/** Rows measured in one process. */
export const alternating = async ({ rounds, seconds, wants }, folder) => [
  ...(wants("parser")
    ? await alternate("./parse.mjs", folder, rounds, (child) => parserTimes(child, seconds * 125))
    : []),
  ...(wants("networks", "memory", "loopback")
    ? await alternate("./networks.mjs", folder, rounds, (child) => networkTimes(child, seconds * 1000))
    : [])
]

// Smaller differences never count, however quiet the machine is; larger ones must exceed a multiple of the
// noise.
const least = 0.01
const times = 3

/** The verdict on the ratios of paired rounds; `more` and `less`: the words for a ratio above and below 1. */
export const verdict = ({ median, values }, [more, less]) => {
  if (values.length < 3) return "too few rounds"
  if (Math.abs(median - 1) <= Math.max(least, times * noise(values))) return "within the noise"
  return median > 1 ? more : less
}

const speeds = ["faster", "slower"]

/** A line per row of all results: this checkout compared with the other one. */
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
