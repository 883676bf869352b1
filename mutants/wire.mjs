// Runs Stryker on a sample of wire/ and pool/: npm run mutants:wire -- [--sample 0.06] [--seed 1] [--only
// REGEX] [--jobs 2]
//
//   --sample PART    share of the sources, in pieces of twenty lines; default 0.06, some 400 mutants; 1: all
//                    6700, which takes hours
//   --seed N         selects the sample; equal seeds select the same one
//   --only REGEX     files whose path matches
//   --jobs N         that many at a time; default 2
//
// Tests each mutant by the tests of packages/core/test/wire and pool that cover it, with the same random
// values in each run. Prints the survivors and the score of each file. Exits with 1 if the total score is
// below 85 %.
import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"

const root = fileURLToPath(new URL("..", import.meta.url))
const { values } = parseArgs({
  options: {
    sample: { type: "string", default: "0.06" },
    seed: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    jobs: { type: "string", default: "2" }
  }
})
const part = Number(values.sample)
const only = new RegExp(values.only)

// The generator mulberry32.
let state = Number(values.seed)
const random = () => {
  state = (state + 0x6d2b79f5) | 0
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
}

const piece = 20
const chosen = []
for (const folder of ["packages/core/src/wire", "packages/core/src/pool"])
  for (const name of readdirSync(join(root, folder), { recursive: true }).sort()) {
    if (!name.endsWith(".ts")) continue
    const file = `${folder}/${name}`
    const lines = readFileSync(join(root, file), "utf8").split("\n").length
    for (let first = 1; first <= lines; first += piece)
      if (random() < part && only.test(file)) chosen.push(`${file}:${first}-${first + piece - 1}`)
  }
if (chosen.length === 0) throw new Error("the sample is empty")

const stryker = join(root, "node_modules/@stryker-mutator/core/bin/stryker.js")
const options = ["--mutate", chosen.join(","), "--concurrency", values.jobs]
const run = [stryker, "run", "mutants/stryker.config.mjs", ...options]
const { status } = spawnSync(process.execPath, run, { cwd: root, stdio: "inherit" })
process.exit(status ?? 1)
