/**
 * Follows a guide as a reader would: writes its code blocks to the files that they name, runs its commands,
 * and compares the output with the guide. docs/first-steps.md says how to read the blocks.
 */
import { spawn, type ChildProcess } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import * as net from "node:net"
import { dirname, join } from "node:path"
import { root } from "./support.js"

export interface Block {
  readonly language: string
  /** The file that the block names in its first line. */
  readonly file: string | undefined
  readonly text: string
}

export const blocksOf = async (guide: string): Promise<ReadonlyArray<Block>> => {
  const markdown = await readFile(join(root, guide), "utf8")
  return [...markdown.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, text]) => ({
    language: language!,
    file: /^\/\/ (\S+\.\w+)\n/.exec(text!)?.[1],
    text: text!
  }))
}

interface Command {
  readonly line: string
  readonly shown: ReadonlyArray<string>
}

const commandsOf = (text: string): ReadonlyArray<Command> =>
  text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [line, ...shown] = part.trimEnd().split("\n")
      return { line: line!, shown: shown.map((one) => one.trim()).filter((one) => one !== "") }
    })

const escaped = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")

/** Matches the shown lines in this order, with any lines in between. */
const patternOf = ({ shown }: Command): RegExp =>
  new RegExp(shown.map((line) => line.split("…").map(escaped).join(".*")).join("[^]*?"))

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, () => {
      const { port } = server.address() as net.AddressInfo
      server.close(() => resolve(port))
    })
  })

// Use `exec`, so that the program gets signals directly, as from the shell of a terminal, and not through
// another shell.
const execs = (line: string) => line.replace(/^((?:\w+=(?:"[^"]*"|\S+) )*)/, "$1exec ")

interface Running {
  readonly child: ChildProcess
  readonly printed: () => string
  readonly ended: Promise<number | null>
  /** Waits until the program has printed a match. Fails with its output if the program exits before that. */
  readonly prints: (pattern: RegExp) => Promise<void>
}

/** Returns whether the process group still contains a process. */
const lives = (group: number): boolean => {
  try {
    process.kill(-group, 0)
    return true
  } catch {
    return false
  }
}

const start = (line: string, cwd: string, env: NodeJS.ProcessEnv): Running => {
  // Use a separate process group for each job, as a terminal does, so that `kill %1` signals the whole job.
  const child = spawn("sh", ["-c", line], { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] })
  let text = ""
  let look = () => {}
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (data: string) => {
      text += data
      look()
    })
  }
  const printed = () => text.replace(/\x1b\[[\d;]*m|\r/g, "")
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve))
  return {
    child,
    printed,
    ended,
    prints: (pattern) =>
      new Promise((resolve, reject) => {
        look = () => {
          if (pattern.test(printed())) resolve()
        }
        look()
        void ended.then(() => reject(new Error(`$ ${line}\nprinted no ${pattern}, but\n${printed()}`)))
      })
  }
}

/** The environment of every command, without colours, and without npm's own requests and messages. */
const environment: NodeJS.ProcessEnv = {
  ...process.env,
  NO_COLOR: "1",
  FORCE_COLOR: "0",
  npm_config_prefer_offline: "true",
  npm_config_audit: "false",
  npm_config_fund: "false",
  npm_config_update_notifier: "false"
}
// Remove variables of the test runner that runs this file, because they would affect the test runner of a
// guide.
for (const name of Object.keys(environment))
  if (/^(VITEST|NODE_ENV$|NODE_OPTIONS$|TEST$)/.test(name)) delete environment[name]

export interface Options {
  /** Maps package names in guides to the tarballs installed in their place. */
  readonly packages?: ReadonlyMap<string, string>
}

const typed = new Set<string>()

/**
 * Runs the program that `npx` starts without `npx`, after `npx` was used once: `npx` takes longer than some
 * programs. Background jobs still use `npx`, because a reader's signals reach `npx` too.
 */
const withoutNpx = (line: string, cwd: string): string => {
  const [, name, rest] = /^npx (\w+)(.*)$/s.exec(line) ?? []
  if (name === undefined) return line
  if (!typed.has(name)) {
    typed.add(name)
    return line
  }
  for (let folder = cwd; dirname(folder) !== folder; folder = dirname(folder)) {
    const found = join(folder, "node_modules/.bin", name)
    if (existsSync(found)) return `${found}${rest}`
  }
  return line
}

/** Follows the blocks in a folder. Returns the folder in which the last command ended. */
export const follow = async (
  blocks: ReadonlyArray<Block>,
  folder: string,
  { packages = new Map() }: Options = {}
): Promise<string> => {
  let cwd = folder
  const jobs: Array<Running> = []
  // Replace the ports of guides, because they may be in use on this machine. Guides that use a network in
  // memory need no ports.
  const ports = new Map<string, string>()
  if (blocks.some(({ language, text }) => language === "console" && / &$/m.test(text))) {
    for (const port of ["3000", "3001", "3002", "4400", "8080", "9000"])
      ports.set(port, String(await freePort()))
  }
  const local = (text: string) =>
    text.replace(/\b(3000|3001|3002|4400|8080|9000)\b/g, (port) => ports.get(port) ?? port)

  const type = async (command: Command): Promise<void> => {
    const { line } = command
    const [verb, argument] = line.split(" ")
    if (verb === "cd") {
      cwd = join(cwd, argument!)
    } else if (verb === "kill") {
      // A signal to a job, as in a terminal: `kill %1` or `kill -HUP %1`.
      const job = jobs[Number(/%(\d)/.exec(line)![1]) - 1]!
      const [, signal] = /-(\w+)/.exec(line) ?? []
      const group = job.child.pid!
      if (job.child.exitCode !== null || job.child.signalCode !== null)
        throw new Error(`$ ${line}\nno such job`)
      process.kill(-group, signal === undefined ? "SIGTERM" : `SIG${signal}`)
      if (signal !== undefined) return job.prints(patternOf(command))
      await job.ended
      // Wait for the whole group, because other processes may outlive the first process.
      while (lives(group)) await new Promise((resolve) => setTimeout(resolve, 20))
    } else {
      const replaced = line.startsWith("npm install")
        ? line.replace(/@httpfx\/\w+/g, (name) => packages.get(name) ?? name)
        : line
      const inBackground = replaced.endsWith(" &")
      const job = start(
        inBackground ? execs(replaced.slice(0, -2)) : withoutNpx(replaced, cwd),
        cwd,
        environment
      )
      if (inBackground) {
        jobs.push(job)
        return job.prints(patternOf(command))
      }
      const code = await job.ended
      if (code !== 0) throw new Error(`$ ${line}\nexit ${code}\n${job.printed()}`)
      if (!patternOf(command).test(job.printed())) {
        throw new Error(`$ ${line}\nshould print\n${command.shown.join("\n")}\nbut printed\n${job.printed()}`)
      }
    }
  }

  try {
    for (const [index, { file, language, text }] of blocks.entries()) {
      if (language === "console") {
        for (const command of commandsOf(local(text))) await type(command)
      } else if (file !== undefined) {
        await mkdir(dirname(join(cwd, file)), { recursive: true })
        await writeFile(join(cwd, file), local(text))
      } else if (language === "ts") {
        await writeFile(join(cwd, `part-${index}.ts`), text)
      }
    }
    const left = jobs.filter(({ child }) => lives(child.pid!))
    if (left.length > 0) throw new Error(`${left.length} programs are left running`)
  } finally {
    for (const { child } of jobs) if (lives(child.pid!)) process.kill(-child.pid!, "SIGKILL")
  }
  return cwd
}
