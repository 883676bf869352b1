// All tests: node scripts/tests.mjs
//
// The tests of the repository mostly wait for processes of their own, so they run beside those of the packages.
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const vitest = `${root}node_modules/vitest/vitest.mjs`
// Projects of vitest.config.ts.
const outside = ["repository", "examples"]
const inside = ["packages*", "without Effect"]

const passes = (projects) =>
  new Promise((resolve, reject) => {
    const args = [vitest, "run", ...projects.flatMap((name) => ["--project", name])]
    const child = spawn(process.execPath, args, { cwd: root, stdio: "inherit" })
    child.on("error", reject)
    child.on("close", (code) => resolve(code === 0))
  })

const results = await Promise.all([passes(outside), passes(inside)])
if (results.includes(false)) process.exit(1)
