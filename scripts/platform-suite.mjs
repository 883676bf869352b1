// Runs the HTTP tests of the test suite of `@effect/platform-node`, once with its layers and once with ours.
//
//   npm run platform-suite -- --checkout DIR
//
// DIR is a checkout of Effect's repository, branch v3, without installed packages. A local server
// (`platform-suite/origin.mjs`) replaces the public sites that its client tests use. Prints both counts, and
// each failed test with its reason. Fails if a test passes with platform-node's layers but not with ours.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { startOrigin } from "./platform-suite/origin.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))
const at = process.argv.indexOf("--checkout")
if (at < 0 || process.argv[at + 1] === undefined) {
  console.error("npm run platform-suite -- --checkout DIR, a checkout of Effect's repository, branch v3")
  process.exit(2)
}
const checkout = resolve(process.argv[at + 1])
const folder = join(checkout, "packages/platform-node")
if (!existsSync(join(folder, "test/HttpServer.test.ts"))) {
  console.error(`${folder} has no tests of platform-node's`)
  process.exit(2)
}

const files = ["HttpServer", "HttpApi", "HttpClient", "RpcServer"].map((name) => `test/${name}.test.ts`)

// Tests that do not use the replaced layers.
const others = [[/^RpcServer e2e tcp|^RpcServer e2e worker|^RpcServer RpcTest/, "no HTTP in it"]]
const foreign = (name) => others.find(([pattern]) => pattern.test(name))?.[1]

const origin = await startOrigin()

const run = async (layers) => {
  const temporary = mkdtempSync(join(tmpdir(), "platform-suite-"))
  const output = join(temporary, "results.json")
  const config = join(root, "scripts/platform-suite/vitest.config.ts")
  const vitest = join(root, "node_modules/vitest/vitest.mjs")
  const child = spawn(
    process.execPath,
    [vitest, "run", "--config", config, "--reporter=json", `--outputFile=${output}`, ...files],
    {
      cwd: root,
      stdio: ["ignore", "ignore", process.env.VERBOSE ? "inherit" : "ignore"],
      env: { ...process.env, PLATFORM_SUITE: JSON.stringify({ checkout, layers, origin: origin.url }) }
    }
  )
  const [status] = await once(child, "exit")
  if (!existsSync(output)) throw new Error(`the tests did not run (exit code ${status}); VERBOSE=1 tells why`)
  const { testResults } = JSON.parse(readFileSync(output, "utf8"))
  rmSync(temporary, { recursive: true })
  return testResults.flatMap(({ assertionResults, message, name }) => {
    const file = relative(folder, name)
    if (assertionResults.length === 0) return [{ file, name: "(the file)", passed: false, reason: message }]
    return assertionResults.map(({ failureMessages, fullName, status }) => ({
      file,
      name: fullName.trim(),
      passed: status === "passed",
      reason: status === "failed" ? (failureMessages?.[0] ?? "") : status
    }))
  })
}

const line = (text) => text.split("\n")[0].slice(0, 200)
const report = (title, results) => {
  const counted = results.filter(({ name }) => foreign(name) === undefined)
  console.log(`\n${title}: ${counted.filter(({ passed }) => passed).length} of ${counted.length} passed`)
  for (const file of files) {
    const of = counted.filter((result) => result.file === file)
    console.log(`  ${file}: ${of.filter(({ passed }) => passed).length} of ${of.length}`)
  }
  for (const { file, name, passed, reason } of counted)
    if (!passed) console.log(`  not passed: ${file} > ${name}\n    ${line(reason)}`)
}

const theirs = await run("theirs")
const ours = await run("ours")
origin.close()
report("with the layers of @effect/platform-node", theirs)
report("with the layers of httpfx", ours)
for (const [pattern, reason] of others)
  console.log(`\nnot counted, ${reason}: ${ours.filter(({ name }) => pattern.test(name)).length}`)

const key = ({ file, name }) => `${file} > ${name}`
const passed = new Set(ours.filter((result) => result.passed).map(key))
const worse = theirs.filter(
  (result) => result.passed && foreign(result.name) === undefined && !passed.has(key(result))
)
if (worse.length > 0) {
  console.log(`\n${worse.length} pass with platform-node's layers only`)
  process.exitCode = 1
}
