/**
 * A simulated reader: writes the blocks of a guide to the files they name, runs its commands, and compares
 * their output with the guide. docs/first-steps.md says how blocks are to be read.
 */
import { spawn, type ChildProcess } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import * as net from "node:net"
import { dirname, join } from "node:path"
import { root } from "./support.js"

export interface Block {
  readonly language: string
  /** The file named in its first line. */
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

/** Matches the shown lines in this order, with anything in between. */
const patternOf = ({ shown }: Command): RegExp =>
  new RegExp(shown.map((line) => line.split("…").map(escaped).join(".*")).join("[^]*?"))

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, () => {
      const { port } = server.address() as net.AddressInfo
      server.close(() => resolve(port))
    })
  })

// The shell of a terminal starts a job directly; an intermediate shell would take its signals.
const execs = (line: string) => line.replace(/^((?:\w+=(?:"[^"]*"|\S+) )*)/, "$1exec ")

interface Running {
  readonly child: ChildProcess
  readonly printed: () => string
  readonly ended: Promise<number | null>
  /** Waits until it has printed this; fails with its output if it ends before. */
  readonly prints: (pattern: RegExp) => Promise<void>
}

/** Whether a process of this group is alive. */
const lives = (group: number): boolean => {
  try {
    process.kill(-group, 0)
    return true
  } catch {
    return false
  }
}

const start = (line: string, cwd: string, env: NodeJS.ProcessEnv): Running => {
  // A process group of its own, as a terminal gives each job; `kill %1` signals all of it.
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

/**
 * The environment of every command: without colours, and without npm's requests to the network or the reader.
 */
const environment: NodeJS.ProcessEnv = {
  ...process.env,
  NO_COLOR: "1",
  FORCE_COLOR: "0",
  npm_config_prefer_offline: "true",
  npm_config_audit: "false",
  npm_config_fund: "false",
  npm_config_update_notifier: "false"
}
// Variables of the test runner that runs us, which would affect the one in a guide.
for (const name of Object.keys(environment))
  if (/^(VITEST|NODE_ENV$|NODE_OPTIONS$|TEST$)/.test(name)) delete environment[name]

export interface Options {
  /** Maps package names in guides to the tarballs installed in their place. */
  readonly packages?: ReadonlyMap<string, string>
}

const typed = new Set<string>()

/**
 * The program that `npx` starts, after a check that `npx` finds it: `npx` itself takes longer than some
 * programs. Background jobs are run as written, because a reader's signals reach `npx` too.
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

/** Follows these blocks in this folder; returns the folder in which the commands ended. */
export const follow = async (
  blocks: ReadonlyArray<Block>,
  folder: string,
  { packages = new Map() }: Options = {}
): Promise<string> => {
  let cwd = folder
  const jobs: Array<Running> = []
  // Replace ports of guides, which may be in use on this machine; not needed in memory.
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
      // As in a terminal: `kill %1`, `kill -HUP %1`.
      const job = jobs[Number(/%(\d)/.exec(line)![1]) - 1]!
      const [, signal] = /-(\w+)/.exec(line) ?? []
      const group = job.child.pid!
      if (job.child.exitCode !== null || job.child.signalCode !== null)
        throw new Error(`$ ${line}\nno such job`)
      process.kill(-group, signal === undefined ? "SIGTERM" : `SIG${signal}`)
      if (signal !== undefined) return job.prints(patternOf(command))
      await job.ended
      // Wait for the whole group: it may outlive its first process.
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
