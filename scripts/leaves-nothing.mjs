// Runs a command and reports its leftovers: node scripts/leaves-nothing.mjs COMMAND [ARGS]
//
// Leftovers are running processes with the ports on which they listen, files and folders in the system's
// temporary folder, and new files in the repository. Prints each leftover, and removes it unless it is in the
// repository. Exits with 1 if leftovers exist, or with the command's exit code if that is not 0.
//
// Processes are recognized by an inherited environment variable. Only Linux shows the variables of other
// processes, so processes are not checked on other systems.
import { spawn, spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const [command, ...args] = process.argv.slice(2)
const variable = "HTTPFX_RUN"
const temporary = mkdtempSync(join(tmpdir(), "httpfx-run-"))
// Append this run's mark to the inherited mark, so that processes of a nested run have both.
const mark = `${process.env[variable] ?? ""}/${temporary.slice(-6)}.${process.pid}/`

/**
 * Returns the files of the working copy that are not in the history of git. A folder that is ignored as a
 * whole is one entry.
 */
const untracked = () => {
  const list = (...options) => {
    const { status, stdout } = spawnSync("git", ["ls-files", "--others", ...options, "-z"], {
      encoding: "utf8"
    })
    return status === 0 ? stdout.split("\0").filter((name) => name !== "") : []
  }
  const ignored = list("--ignored", "--exclude-standard", "--directory").filter(
    (name) => !name.includes("node_modules/")
  )
  return new Set([...list("--exclude-standard"), ...ignored])
}

const readOr = (read, otherwise) => {
  try {
    return read()
  } catch {
    return otherwise
  }
}

const processes = () => {
  if (process.platform !== "linux") return []
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) =>
      readOr(() => readFileSync(`/proc/${pid}/environ`, "latin1"), "").includes(`${variable}=${mark}`)
    )
    .filter(
      (pid) => !/^\d+ \(.*\) [ZX]/s.test(readOr(() => readFileSync(`/proc/${pid}/stat`, "latin1"), "0 () X"))
    )
    .map((pid) => ({
      pid: Number(pid),
      line: readOr(() => readFileSync(`/proc/${pid}/cmdline`, "utf8"), "")
        .replace(/\0/g, " ")
        .trim(),
      ports: portsOf(pid)
    }))
}

const portsOf = (pid) => {
  const sockets = new Set(
    readOr(() => readdirSync(`/proc/${pid}/fd`), []).map((fd) =>
      readOr(() => readlinkSync(`/proc/${pid}/fd/${fd}`), "")
    )
  )
  return ["tcp", "tcp6"].flatMap((table) =>
    readOr(() => readFileSync(`/proc/${pid}/net/${table}`, "latin1"), "")
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === "0A" && sockets.has(`socket:[${inode}]`))
      .map(([, local]) => parseInt(local.split(":").pop(), 16))
  )
}

// These are caches of tools, so they do not count as leftovers.
const cacheOfTool = /^(tsx-\d+|node-compile-cache|v8-compile-cache-\d+|node-jiti|jiti)$/

const before = untracked()
const child = spawn(command, args, {
  stdio: "inherit",
  env: { ...process.env, [variable]: mark, TMPDIR: temporary, TMP: temporary, TEMP: temporary }
})
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal))
const code = await new Promise((resolve) => {
  child.on("error", (error) => {
    console.error(error.message)
    resolve(127)
  })
  child.on("close", (status) => resolve(status ?? 1))
})

// Processes that the command has just stopped may still be exiting, so check repeatedly.
const patience = 100
const pause = () => new Promise((resolve) => setTimeout(resolve, 100))
let running = processes()
for (let look = 0; running.length > 0 && look < patience; look++) {
  await pause()
  running = processes()
}
const left = running.flatMap(({ line, pid, ports }) => [
  `process ${pid}: ${line}`,
  ...ports.map((port) => `port ${port}: process ${pid} listens`)
])
for (const { pid } of running) readOr(() => process.kill(pid, "SIGKILL"), undefined)
for (let look = 0; look < patience && processes().length > 0; look++) await pause()
for (const name of readdirSync(temporary).filter((name) => !cacheOfTool.test(name))) {
  const path = join(temporary, name)
  left.push(`${readOr(() => statSync(path).isDirectory(), false) ? "folder" : "file"} ${path}`)
}
rmSync(temporary, { recursive: true, force: true })
for (const name of untracked()) if (!before.has(name) && existsSync(name)) left.push(`file ${name}`)

for (const one of left) console.error(`left behind: ${one}`)
process.exit(code !== 0 ? code : left.length > 0 ? 1 : 0)
