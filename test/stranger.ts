/**
 * A stranger with a terminal: writes the blocks of a guide to the files they name, types its commands, and
 * compares what they print with what the guide shows. How blocks are to be read is said in
 * docs/first-steps.md.
 */
import { spawn, type ChildProcess } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, readFile, writeFile } from "node:fs/promises"
import * as net from "node:net"
import { dirname, join } from "node:path"
import { root } from "./support.js"

export interface Block {
  readonly language: string
  /** The file that it is, by its first line. */
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

/** All that is shown, in this order, whatever is between. */
const patternOf = ({ shown }: Command): RegExp =>
  new RegExp(shown.map((line) => line.split("…").map(escaped).join(".*")).join("[^]*?"))

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, () => {
      const { port } = server.address() as net.AddressInfo
      server.close(() => resolve(port))
    })
  })

// A terminal's shell starts a job without a shell in between, which would take its signals.
const execs = (line: string) => line.replace(/^((?:\w+=(?:"[^"]*"|\S+) )*)/, "$1exec ")

interface Running {
  readonly child: ChildProcess
  readonly printed: () => string
  readonly ended: Promise<number | null>
  /** Waits until it has printed this; fails with what it printed when it ends without. */
  readonly prints: (pattern: RegExp) => Promise<void>
}

/** Whether a process of this group is left. */
const lives = (group: number): boolean => {
  try {
    process.kill(-group, 0)
    return true
  } catch {
    return false
  }
}

const start = (line: string, cwd: string, env: NodeJS.ProcessEnv): Running => {
  // A group of its own, as a terminal has for each job; `kill %1` is for the whole of it.
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
 * Everything that is run has this environment: what npm would ask the network or the reader, and colours, are
 * left out.
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
// Set by the test runner that runs us, and read by the one that a guide runs.
for (const name of Object.keys(environment))
  if (/^(VITEST|NODE_ENV$|NODE_OPTIONS$|TEST$)/.test(name)) delete environment[name]

export interface Options {
  /** A package's name, as guides write it, to what is installed in its place. */
  readonly packages?: ReadonlyMap<string, string>
}

const typed = new Set<string>()

/**
 * The program that `npx` starts, once `npx` has been seen to find one of its name: it takes longer than some
 * programs. Jobs in the background are started as they are typed, for the signals that a reader sends them
 * reach `npx` too.
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

/** Follows these blocks in this folder, and gives the folder that the commands ended in. */
export const follow = async (
  blocks: ReadonlyArray<Block>,
  folder: string,
  { packages = new Map() }: Options = {}
): Promise<string> => {
  let cwd = folder
  const jobs: Array<Running> = []
  // A port that is written in a guide may be taken on this machine. In memory there is no need for another.
  const ports = new Map<string, string>()
  if (blocks.some(({ language, text }) => language === "console" && / &$/m.test(text))) {
    for (const port of ["3000", "3001", "3002", "4400", "8080"]) ports.set(port, String(await freePort()))
  }
  const local = (text: string) =>
    text.replace(/\b(3000|3001|3002|4400|8080)\b/g, (port) => ports.get(port) ?? port)

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
      // Whoever waits for the job's first process only would not see what goes on without it.
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
