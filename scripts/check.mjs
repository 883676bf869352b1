// Format, lint, circles of imports and types: npm run check -- [--fresh]
//
//   --fresh    nothing of an earlier run counts
//
// Format and lint run beside the compiler, since each of them uses one core. Both keep in node_modules/.cache
// which files they have passed, by content; what else decides (their versions, rules, options) is in their
// own keys, and a new installation empties the folder.
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
const types = [bin("typescript/bin/tsc"), "-b", "tsconfig.json", ...(fresh ? ["--force"] : [])]

const passes = (args) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: "inherit" })
    child.on("error", reject)
    child.on("close", (code) => resolve(code === 0))
  })
// All are told what is wrong, not only the first.
const inTurn = async (...all) => {
  let passed = true
  for (const args of all) passed = (await passes(args)) && passed
  return passed
}

const results = await Promise.all([inTurn(format, rooms, lint), passes(types)])
if (results.includes(false)) process.exit(1)
