/**
 * Plants bugs in copies of the compiled core, and checks that the simulation finds them.
 *
 * Each bug is a change of a few characters. A copy has its own folder, which contains the packages that it
 * needs. In this folder, a child process runs seed after seed until the simulation reports a violation.
 */
import { spawn } from "node:child_process"
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { plant, type Planted } from "./plant.js"
import { forTrials } from "./plantedForTrials.js"

/** Bugs that the services and clients find under faults. File names refer to the compiled core. */
const inTheWeather: ReadonlyArray<Planted> = [
  {
    name: "a connection is reused with an unread rest",
    file: "connection/client/connection.js",
    find: `cut(reason) {
        this.exchange = undefined;`,
    replace: `cut(reason) {
        const begun = this.exchange?.response !== undefined && this.exchange.sent && this.state === "open";
        this.exchange = undefined;
        if (begun) {
            this.automaton = new Automaton("client");
            this.reception = new Reception(this, this.automaton, {});
            this.resume();
            return this.pool.release(this, undefined);
        }`
  },
  {
    name: "pipelined responses are swapped when the first handler is slower",
    file: "connection/server/connection.js",
    find: "this.parser.pause();",
    replace: "if (this.exchange !== undefined && !this.exchange.started) this.run(this.exchange);"
  },
  {
    name: "a wake-up is lost when the transport takes bytes again",
    file: "internal/pump.js",
    find: "return full ? this.drained : Effect.void;",
    replace: "return full ? Effect.zipRight(Effect.sleep(5), this.drained) : Effect.void;",
    also: {
      file: "connection/server/state.js",
      find: 'this.phase === "closed" || !this.backedUp',
      replace: 'this.phase === "closed"'
    }
  },
  {
    name: "a timeout survives into the next exchange",
    file: "connection/server/connection.js",
    find: `this.linger?.stop();
        this.cancelWatch?.();
        this.cancelWatch = undefined;`,
    replace: `this.cancelWatch?.();
        this.cancelWatch = undefined;`
  },
  {
    name: "a request is retried after its bytes were written",
    file: "pool/resend.js",
    find: 'return lost.unsent || isIdempotent(lost.method) ? again : giveUp("NotIdempotent");',
    replace: "return again;"
  }
]

export const bugs: ReadonlyArray<Planted> = [...inTheWeather, ...forTrials]

const here = dirname(fileURLToPath(import.meta.url))
// The compiled file is one folder deeper than its source file.
const root = join(here, here.endsWith("dist") ? "../.." : "..")

const copyWith = async (bug: Planted, folder: string): Promise<void> => {
  const modules = join(folder, "node_modules")
  await mkdir(join(modules, "@effect"), { recursive: true })
  await symlink(await realpath(join(root, "node_modules/effect")), join(modules, "effect"))
  const platform = await realpath(join(root, "node_modules/@effect/platform"))
  await symlink(platform, join(modules, "@effect/platform"))
  const multipasta = await realpath(join(root, "packages/core/node_modules/multipasta"))
  await symlink(multipasta, join(modules, "multipasta"))
  for (const name of ["core", "testing"])
    for (const part of ["package.json", "dist"])
      await cp(join(root, "packages", name, part), join(modules, "@httpfx", name, part), { recursive: true })
  await cp(join(root, "simulations/dist"), join(folder, "simulations"), { recursive: true })
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }))

  await plant(join(modules, "@httpfx/core/dist"), bug)
}

/** The result of the search for a bug. */
export interface Found {
  readonly bug: Planted
  /** Number of seeds that were needed. `undefined` if the bug was not found. */
  readonly seeds: number | undefined
  /** The first violation that was reported. */
  readonly broken: string
}

/** Runs seeds from 1 on until one of them finds the bug. */
export const hunt = async (bug: Planted, seeds: number): Promise<Found> => {
  const folder = await mkdtemp(join(tmpdir(), "httpfx-planted-"))
  try {
    await copyWith(bug, folder)
    const main = join(folder, "simulations/main.js")
    const only = forTrials.includes(bug) ? ["--trials"] : []
    const child = spawn(process.execPath, [main, "--seeds", `${seeds}`, ...only], {
      stdio: ["ignore", "pipe", "pipe"]
    })
    let output = ""
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => (output += text))
    await new Promise((resolve) => child.on("close", resolve))
    const found = /^seed \d+ failed, (\d+) seeds? in/m.exec(output)
    if (found === null && child.exitCode !== 0) throw new Error(`"${bug.name}" does not even run:\n${output}`)
    const broken = /^(?:\+\d+ ms|stuck|time|steps|realAsync): .*/m.exec(output)
    return { bug, seeds: found === null ? undefined : Number(found[1]), broken: broken?.[0] ?? "" }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
