// Runs a command, and reports what it leaves behind: node scripts/leaves-nothing.mjs COMMAND [ARGS]
//
// It looks for running processes and the ports they listen on, files and folders in the system's temporary
// folder, and new files in the repository. Each is named, removed if outside the repository, and makes the
// exit code 1, unless the command itself failed.
//
// Processes are recognized by an inherited variable, which only Linux shows for other processes; elsewhere
// they are not checked.
import { spawn, spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const [command, ...args] = process.argv.slice(2)
const variable = "HTTPFX_RUN"
const temporary = mkdtempSync(join(tmpdir(), "httpfx-run-"))
// A nested run carries both marks.
const mark = `${process.env[variable] ?? ""}/${temporary.slice(-6)}.${process.pid}/`

/**
 * Files of the working copy that are not in its history, ignored ones by the folder that is ignored as a
 * whole.
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

// Caches of tools, not output of the run.
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

// Processes stopped at the last moment are still exiting.
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
