// Child processes that are pinned to a core and controlled over Node's IPC channel. HTTP is not used for
// this, because it is measured.
import { spawn, spawnSync } from "node:child_process"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"

const hasTaskset = spawnSync("taskset", ["--version"], { stdio: "ignore" }).status === 0

/** Whether processes can be pinned to cores. This needs two cores and `taskset` (Linux). */
export const pinned = hasTaskset && availableParallelism() >= 2

// Measure on the last core, because the first core of a small machine handles most interrupts.
export const cores = { load: 0, server: availableParallelism() - 1 }

/**
 * Starts `script` (a path relative to this file) on a core, with options of `node`. `ask` sends a request and
 * waits for the reply. `checkout` is the folder of another checkout, from which the benchmarks import
 * packages. `binary` is another runtime.
 */
export const start = (script, args, core, options = [], { binary = process.execPath, checkout } = {}) => {
  const elsewhere =
    checkout === undefined ? [] : ["--import", new URL("./elsewhere.mjs", import.meta.url).href]
  const program = [...options, ...elsewhere, fileURLToPath(new URL(script, import.meta.url)), ...args]
  const env = { ...process.env, ...(checkout !== undefined && { HTTPFX_BENCHMARKED: checkout }) }
  const [command, ...rest] = pinned
    ? ["taskset", "-c", String(core), binary, ...program]
    : [binary, ...program]
  const child = spawn(command, rest, { env, stdio: ["ignore", "inherit", "inherit", "ipc"] })
  const waiting = []
  let over
  child.on("message", (answer) => waiting.shift()?.resolve(answer))
  child.on("exit", (code, signal) => {
    over = new Error(`${script} ${args.join(" ")} ended (${signal ?? `exit ${code}`})`)
    for (const { reject } of waiting) reject(over)
  })
  const ask = (question) =>
    new Promise((resolve, reject) => {
      if (over !== undefined) return reject(over)
      waiting.push({ resolve, reject })
      child.send(question)
    })
  return { ask, stop: () => child.kill("SIGKILL") }
}

/**
 * Starts a contestant, which is the path of its module (the first argument of `script`), or `{ script,
 * checkout, binary }` to run it on another checkout or runtime.
 */
export const startContestant = (script, contestant, core, args = []) => {
  const { script: module, ...place } = typeof contestant === "string" ? { script: contestant } : contestant
  return start(script, [module, ...args], core, [], place)
}
