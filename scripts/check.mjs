// Format, lint, circles of imports and types: npm run check -- [--fresh]
//
//   --fresh    ignores the results of earlier runs
//
// Format and lint run at the same time as the compiler, because each of them uses one core. Both cache files
// that passed in node_modules/.cache. The keys of the caches cover content, versions, rules and options. A
// new installation empties the caches.
import { spawn } from "node:child_process"
import { rmSync } from "node:fs"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const cache = "node_modules/.cache/check"
const fresh = process.argv.includes("--fresh")
if (fresh) rmSync(root + cache, { recursive: true, force: true })

const bin = (path) => `${root}node_modules/${path}`
const content = ["--cache", "--cache-strategy", "content", "--cache-location"]
const prettier = [bin("prettier/bin/prettier.cjs"), "--check", "--log-level", "warn"]
const format = [...prettier, ...content, `${cache}/prettier`, "."]
const lint = [bin("eslint/bin/eslint.js"), "--max-warnings", "0", ...content, `${cache}/eslint`, "."]
const rooms = [`${root}scripts/circles.mjs`]
const types = [bin("typescript-native/bin/tsc"), "-b", "tsconfig.json", ...(fresh ? ["--force"] : [])]

const passes = (args) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: "inherit" })
    child.on("error", reject)
    child.on("close", (code) => resolve(code === 0))
  })
// Runs all commands, even if one fails.
const inTurn = async (...all) => {
  let passed = true
  for (const args of all) passed = (await passes(args)) && passed
  return passed
}

const results = await Promise.all([inTurn(format, rooms, lint), passes(types)])
if (results.includes(false)) process.exit(1)
