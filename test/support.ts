/** Helpers for the tests of the whole repository: folders, commands and running programs. */
import { spawn, type ChildProcess } from "node:child_process"
import { existsSync, mkdtempSync } from "node:fs"
import { rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { onTestFinished } from "vitest"

export const root = fileURLToPath(new URL("..", import.meta.url))

// If the last file of the build exists, the build is complete. `npm test` builds first.
if (!existsSync(join(root, "packages/node/dist/index.js"))) throw new Error("run `npm run build` first")

/**
 * Creates a folder outside of the repository, which is removed after the test. A concurrent test must pass
 * its own context.
 */
export const temporaryFolder = (finished = onTestFinished): string => {
  const folder = mkdtempSync(join(tmpdir(), "httpfx-"))
  finished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const output = (child: ChildProcess) => {
  const seen = { text: "" }
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => (seen.text += text))
  }
  return seen
}

/** Runs a command to its end. Returns its output, or fails with the output if the exit code is not 0. */
export const run = (
  command: string,
  args: ReadonlyArray<string>,
  cwd: string,
  env: Readonly<Record<string, string>> = {}
): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env }
    })
    const seen = output(child)
    child.on("error", reject)
    child.on("close", (code) =>
      code === 0
        ? resolve(seen.text)
        : reject(new Error(`${command} ${args.join(" ")}: exit ${code}\n${seen.text}`))
    )
  })

export interface Program {
  /** Waits until the output contains a match. */
  readonly prints: (pattern: RegExp) => Promise<RegExpExecArray>
  readonly signal: (signal: NodeJS.Signals) => void
  /** Sends a signal and waits for the exit. Returns the exit code and the whole output. */
  readonly stop: (signal: NodeJS.Signals) => Promise<{ readonly code: number | null; readonly text: string }>
}

/** Starts a Node program that runs until it is stopped. The program is stopped when the test ends. */
export const program = (
  args: ReadonlyArray<string>,
  cwd: string,
  env: Readonly<Record<string, string>> = {}
): Program => {
  const child = spawn(process.execPath, args, {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env }
  })
  onTestFinished(() => void child.kill("SIGKILL"))
  const seen = output(child)
  const closed = new Promise<number | null>((resolve) => child.on("close", resolve))
  return {
    prints: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(seen.text)
          if (match !== null) resolve(match)
        }
        child.stdout?.on("data", look)
        child.stderr?.on("data", look)
        void closed.then((code) => reject(new Error(`exit ${code} without ${pattern}\n${seen.text}`)))
        look()
      }),
    signal: (signal) => void child.kill(signal),
    stop: async (signal) => {
      child.kill(signal)
      return { code: await closed, text: seen.text }
    }
  }
}
