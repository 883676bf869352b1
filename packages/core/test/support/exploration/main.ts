/**
 * Explores `connection/` in a process in which no module of Effect resolves: `npm run explore --` with
 *
 * - `--depth 7`: all sequences of this many events, default 6
 * - `--walks 2000 --length 40 --seed 1`: random walks beyond
 * - `--only upgrade`: explorations whose name contains the word
 * - `--planted`: checks that bugs planted in the sources are found
 *
 * A module hook plants a bug while loading the sources: `HTTPFX_PLANTED` contains its changes as JSON.
 */
import { explore, type Found } from "./explore.js"
import { bugs, hunt } from "./planted.js"
import { explorations } from "./settings.js"

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? undefined : process.argv[at + 1]
}

const number = (name: string, otherwise: number) => Number(option(name) ?? otherwise)

const bounds = {
  depth: number("depth", 6),
  walks: number("walks", 2000),
  length: number("length", 40),
  seed: number("seed", 1)
}
const { depth, length, seed, walks } = bounds
const only = option("only") ?? ""
console.log(`depth ${depth}, then ${walks} walks of ${length} events, seed ${seed}`)

const told = ({ events, what }: Found) => `${what}\n  after ${events.join(", ")}`

if (process.argv.includes("--planted")) {
  for (const bug of bugs) {
    const found = await hunt(bug, bounds)
    console.log(`${bug.name}: ${found === undefined ? "NOT FOUND" : `found: ${found}`}`)
    if (found === undefined) process.exitCode = 1
  }
} else {
  for (const explored of explorations.filter(({ name }) => name.includes(only))) {
    const { found, states, steps } = explore(explored, bounds)
    console.log(`${explored.name}: ${states} states, ${steps} steps`)
    if (found === undefined) continue
    console.log(`  ${told(found)}`)
    process.exitCode = 1
    // It is enough to find a planted bug once.
    if (process.env["HTTPFX_PLANTED"] !== undefined) break
  }
}
