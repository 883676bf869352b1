// Child processes pinned to a core, asked questions over Node's IPC channel (never over HTTP, which is measured).
import { spawn, spawnSync } from "node:child_process"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"

const hasTaskset = spawnSync("taskset", ["--version"], { stdio: "ignore" }).status === 0

/** Whether processes can be kept apart: two cores and `taskset` (Linux). */
export const pinned = hasTaskset && availableParallelism() >= 2

// The last core is the measured one: the first serves most of the interrupts of a small machine.
export const cores = { load: 0, server: availableParallelism() - 1 }

/**
 * Starts `script` (a path beside this file) on a core, with options of `node`; `ask` sends a question and waits for its
 * answer.
 */
export const start = (script, args, core, options = []) => {
  const node = [...options, fileURLToPath(new URL(script, import.meta.url)), ...args]
  const [command, ...rest] = pinned
    ? ["taskset", "-c", String(core), process.execPath, ...node]
    : [process.execPath, ...node]
  const child = spawn(command, rest, { stdio: ["ignore", "inherit", "inherit", "ipc"] })
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
