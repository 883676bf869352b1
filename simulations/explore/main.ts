/**
 * Explores the rooms of `connection/`: `npm run explore --` with
 *
 * - `--depth 7`: every sequence of so many events, default 6
 * - `--walks 2000 --length 40 --seed 1`: random walks beyond
 * - `--only upgrade`: settings whose name contains the word
 * - `--planted`: are the bugs found that are planted in copies of core?
 */
import { fileURLToPath } from "node:url"
import { explore, type Found } from "./explore.js"
import { firstFound, serverBugs, withBug } from "./planted.js"
import { engineAt, makeServerWorld } from "./serverWorld.js"
import { serverSettings } from "./settings.js"

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? undefined : process.argv[at + 1]
}

const number = (name: string, otherwise: number) => Number(option(name) ?? otherwise)

const core = fileURLToPath(new URL("../../../packages/core/dist", import.meta.url))
const only = option("only") ?? ""
const settings = serverSettings.filter(({ name }) => name.includes(only))
const bounds = {
  depth: number("depth", 6),
  walks: number("walks", 2000),
  length: number("length", 40),
  seed: number("seed", 1)
}
const { depth, length, seed, walks } = bounds
console.log(`depth ${depth}, then ${walks} walks of ${length} events, seed ${seed}`)

const told = ({ events, what }: Found) => `${what}\n  after ${events.join(", ")}`

if (process.argv.includes("--planted")) {
  for (const bug of serverBugs) {
    const found = await withBug(core, bug, async (folder) =>
      firstFound(await engineAt(folder), settings, bounds)
    )
    console.log(`${bug.name}: ${found === undefined ? "NOT FOUND" : told(found)}`)
    if (found === undefined) process.exitCode = 1
  }
} else {
  const engine = await engineAt(core)
  for (const setting of settings) {
    const { found, states, steps } = explore(makeServerWorld(engine, setting), bounds)
    console.log(`server, ${setting.name}: ${states} states, ${steps} steps`)
    if (found === undefined) continue
    console.log(`  ${told(found)}`)
    process.exitCode = 1
  }
}
