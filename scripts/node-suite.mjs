// Runs the http and https files of Node.js's own test suite on our modules. A file that fails is run on the
// built-in modules too, in the same environment. If it fails there too, it is skipped.
//
//   npm run node-suite -- --tests DIR [--node VERSION] [--list FILE] [--only REGEX] [--jobs N]
//                         [--timeout SECONDS] [--retries N] [--built-in] [--guard]
//
//   --tests     the `test/` folder of a checkout of Node.js, or the checkout (not part of this repository)
//   --node      the Node.js that runs the files: `24`, `24.12` or `24.12.0` (from the npm registry,
//               scripts/binary.mjs); default: the one that runs this script. A suite fits its own version
//   --list      a file of paths below DIR, one a line; default: every file named `test-http-*` or
//               `test-https-*` in `parallel/`, `sequential/` and `client-proxy/` that uses no internal module
//   --internals also files that use internal modules
//   --only      of these, only the matching paths
//   --retries   how often a failing file is run again, alone (1): timing tests are flaky on a busy machine
//   --built-in  runs the built-in modules only
//   --guard     records every use of the built-in HTTP implementation and fails on it
//               (scripts/no-built-in.mjs)
//
// Prints each path that fails, with its first error line; paths that fail with the built-in modules too are
// `SKIP`. Ends with `N passed, N failed, N skipped`; exits with 1 if any failed.
import { spawn, spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { parseArgs } from "node:util"
import { nodeBinary } from "./binary.mjs"

const { values: args } = parseArgs({
  options: {
    tests: { type: "string" },
    node: { type: "string" },
    list: { type: "string" },
    only: { type: "string", default: "" },
    jobs: { type: "string", default: "2" },
    timeout: { type: "string", default: "40" },
    retries: { type: "string", default: "1" },
    internals: { type: "boolean", default: false },
    "built-in": { type: "boolean", default: false },
    guard: { type: "boolean", default: false }
  }
})

const fail = (message) => {
  console.error(`node-suite: ${message}`)
  process.exit(2)
}
const tests = ["", "test"]
  .map((folder) => resolve(args.tests ?? "", folder))
  .find((folder) => existsSync(join(folder, "parallel")))
if (args.tests === undefined || tests === undefined) {
  fail("--tests must name the test/ folder of a Node.js checkout")
}
const { path: node, why } = args.node === undefined ? { path: process.execPath } : nodeBinary(args.node)
if (node === undefined) fail(why)
const register = fileURLToPath(new URL("../packages/node/dist/register.cjs", import.meta.url))
if (!existsSync(register)) fail("run `npm run build` first")
const guard = fileURLToPath(new URL("no-built-in.mjs", import.meta.url))

/**
 * Returns whether a file uses no private modules. Files that do so test the implementation and not its
 * behaviour.
 */
const isPlain = (path) =>
  !/--expose[-_]internals|require\(['"](_http|internal\/)|process\.binding|internalBinding/.test(
    readFileSync(join(tests, path), "utf8")
  )

const listed = () => {
  if (args.list !== undefined) {
    return readFileSync(args.list, "utf8")
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "" && !line.startsWith("#") && !line.startsWith("internals"))
      .map((line) => line.replace(/^plain\s+/, ""))
  }
  return ["parallel", "sequential", "client-proxy"]
    .filter((folder) => existsSync(join(tests, folder)))
    .flatMap((folder) =>
      readdirSync(join(tests, folder))
        .filter((name) => /^test-https?-.*\.m?js$/.test(name))
        .map((name) => `${folder}/${name}`)
        .filter((path) => args.internals || isPlain(path))
    )
}

const only = new RegExp(args.only)
const paths = listed().filter((path) => only.test(path))
const scratch = mkdtempSync(join(tmpdir(), "node-suite-"))
const record = join(scratch, "built-in-calls")

/** Preloads are passed in NODE_OPTIONS, so that child processes of the tests use our modules too. */
const optionsOf = (preloads) =>
  [
    process.env.NODE_OPTIONS ?? "",
    ...preloads.map((file) => `--import=${JSON.stringify(pathToFileURL(file).href)}`)
  ].join(" ")
const builtIn = optionsOf([])
const chosen = optionsOf([...(args.guard ? [guard] : []), ...(args["built-in"] ? [] : [register])])

let threads = 0
const run = (path, nodeOptions = chosen) =>
  new Promise((resolve) => {
    const flags = /^\/\/ Flags:(.*)$/m.exec(readFileSync(join(tests, path), "utf8"))?.[1] ?? ""
    const child = spawn(node, [...flags.trim().split(/\s+/).filter(Boolean), path], {
      cwd: tests,
      // Use a separate process group, so that the timeout also kills child processes that hang.
      detached: process.platform !== "win32",
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        NODE_OPTIONS: nodeOptions,
        NODE_TEST_DIR: scratch,
        TEST_THREAD_ID: String(++threads),
        HTTPFX_BUILT_IN_CALLS: record
      }
    })
    let output = ""
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (bytes) => (output = (output + bytes).slice(-20_000)))
    }
    const end = () => {
      try {
        process.kill(process.platform === "win32" ? child.pid : -child.pid, "SIGKILL")
      } catch {
        // The process has already exited.
      }
    }
    const timer = setTimeout(end, Number(args.timeout) * 1000)
    child.on("exit", end)
    child.on("close", (code, signal) => {
      clearTimeout(timer)
      resolve({ path, passed: code === 0, output: signal ? `${output}\nkilled by ${signal}` : output })
    })
  })

const results = []
const queue = paths.filter((path) => !path.startsWith("sequential/"))
await Promise.all(
  Array.from({ length: Number(args.jobs) }, async () => {
    for (let path = queue.shift(); path !== undefined; path = queue.shift()) results.push(await run(path))
  })
)
for (const path of paths.filter((one) => one.startsWith("sequential/"))) results.push(await run(path))
for (let retry = 0; retry < Number(args.retries); retry++) {
  for (const [index, result] of results.entries()) {
    if (!result.passed) results[index] = await run(result.path)
  }
}

const fails = results.filter((result) => !result.passed).sort((a, b) => (a.path < b.path ? -1 : 1))
const failsBuiltIn = async (path) => {
  for (let attempt = 0; attempt <= Number(args.retries); attempt++) {
    if ((await run(path, builtIn)).passed) return false
  }
  return true
}
const failed = []
for (const result of fails) {
  const { path, output } = result
  const says = !args["built-in"] && (await failsBuiltIn(path)) ? "SKIP" : "FAIL"
  if (says === "FAIL") failed.push(result)
  const lines = output.split("\n").map((line) => line.trim())
  const why = lines.find((line) => /Error|assert|killed|Mismatched|expected/i.test(line)) ?? lines.at(-1)
  console.log(`${says} ${path}  ${String(why).slice(0, 160)}`)
}
const skipped = fails.length - failed.length
const exact = spawnSync(node, ["--version"], { encoding: "utf8" }).stdout.trim()
console.log(
  `Node.js ${exact}, ${args["built-in"] ? "built-in modules" : "httpfx"}; skipped: the built-in modules fail too`
)
console.log(`${results.length - fails.length} passed, ${failed.length} failed, ${skipped} skipped`)
if (args.guard) {
  const calls = existsSync(record) ? readFileSync(record, "utf8").trim().split("\n") : []
  console.log(`${calls.length} calls of the built-in implementation`)
  for (const call of new Set(calls)) console.log(`  ${call}`)
  if (calls.length > 0) process.exitCode = 1
}
rmSync(scratch, { recursive: true, force: true })
if (failed.length > 0) process.exitCode = 1
