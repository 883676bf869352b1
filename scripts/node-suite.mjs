// Runs the http and https files of Node.js's own test suite with the modules replaced by ours:
//
//   npm run node-suite -- --tests DIR [--list FILE] [--only REGEX] [--jobs N] [--timeout SECONDS]
//                         [--retries N] [--built-in] [--guard]
//
//   --tests     the `test/` folder of a checkout of Node.js (it is not part of this repository)
//   --list      a file of paths below it, one a line; default: every `parallel/` and `sequential/` file named
//               `test-http-*` or `test-https-*` that uses no internal module
//   --only      of these, only the matching paths
//   --retries   how often a failing file is run again, alone (1): timing tests are flaky on a busy machine
//   --built-in  runs the built-in modules, as a baseline
//   --guard     records every use of the built-in HTTP implementation and fails on it
//               (scripts/no-built-in.mjs)
//
// Prints each failing path with its first error line, then `N passed, N failed`; exits with 1 if any failed.
import { spawn } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { parseArgs } from "node:util"

const { values: args } = parseArgs({
  options: {
    tests: { type: "string" },
    list: { type: "string" },
    only: { type: "string", default: "" },
    jobs: { type: "string", default: "2" },
    timeout: { type: "string", default: "40" },
    retries: { type: "string", default: "1" },
    "built-in": { type: "boolean", default: false },
    guard: { type: "boolean", default: false }
  }
})

const fail = (message) => {
  console.error(`node-suite: ${message}`)
  process.exit(2)
}
const tests = args.tests
if (tests === undefined || !existsSync(join(tests, "parallel"))) {
  fail("--tests must name the test/ folder of a Node.js checkout")
}
const register = fileURLToPath(new URL("../packages/node/dist/register.cjs", import.meta.url))
if (!existsSync(register)) fail("run `npm run build` first")
const guard = fileURLToPath(new URL("no-built-in.mjs", import.meta.url))

/** Files that use private modules test an implementation, not the module's behaviour. */
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
  return ["parallel", "sequential"].flatMap((folder) =>
    readdirSync(join(tests, folder))
      .filter((name) => /^test-https?-.*\.m?js$/.test(name))
      .map((name) => `${folder}/${name}`)
      .filter(isPlain)
  )
}

const only = new RegExp(args.only)
const paths = listed().filter((path) => only.test(path))
const scratch = mkdtempSync(join(tmpdir(), "node-suite-"))
const record = join(scratch, "built-in-calls")

// Through NODE_OPTIONS, to redirect child processes of the tests too.
const preloads = [...(args.guard ? [guard] : []), ...(args["built-in"] ? [] : [register])]
const nodeOptions = [
  process.env.NODE_OPTIONS ?? "",
  ...preloads.map((file) => `--import=${JSON.stringify(pathToFileURL(file).href)}`)
].join(" ")

let threads = 0
const run = (path) =>
  new Promise((resolve) => {
    const flags = /^\/\/ Flags:(.*)$/m.exec(readFileSync(join(tests, path), "utf8"))?.[1] ?? ""
    const child = spawn(process.execPath, [...flags.trim().split(/\s+/).filter(Boolean), path], {
      cwd: tests,
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
    const timer = setTimeout(() => child.kill("SIGKILL"), Number(args.timeout) * 1000)
    child.on("close", (code, signal) => {
      clearTimeout(timer)
      resolve({ path, passed: code === 0, output: signal ? `${output}\nkilled by ${signal}` : output })
    })
  })

const results = []
const queue = paths.filter((path) => path.startsWith("parallel/"))
await Promise.all(
  Array.from({ length: Number(args.jobs) }, async () => {
    for (let path = queue.shift(); path !== undefined; path = queue.shift()) results.push(await run(path))
  })
)
for (const path of paths.filter((one) => !one.startsWith("parallel/"))) results.push(await run(path))
for (let retry = 0; retry < Number(args.retries); retry++) {
  for (const [index, result] of results.entries()) {
    if (!result.passed) results[index] = await run(result.path)
  }
}

const failed = results.filter((result) => !result.passed).sort((a, b) => (a.path < b.path ? -1 : 1))
for (const { path, output } of failed) {
  const lines = output.split("\n").map((line) => line.trim())
  const why = lines.find((line) => /Error|assert|killed|Mismatched|expected/i.test(line)) ?? lines.at(-1)
  console.log(`FAIL ${path}  ${String(why).slice(0, 160)}`)
}
console.log(`${results.length - failed.length} passed, ${failed.length} failed`)
if (args.guard) {
  const calls = existsSync(record) ? readFileSync(record, "utf8").trim().split("\n") : []
  console.log(`${calls.length} calls of the built-in implementation`)
  for (const call of new Set(calls)) console.log(`  ${call}`)
  if (calls.length > 0) process.exitCode = 1
}
rmSync(scratch, { recursive: true, force: true })
if (failed.length > 0) process.exitCode = 1
