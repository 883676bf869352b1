// All tests: node scripts/tests.mjs
//
// The tests of the repository mostly wait for child processes, so they run at the same time as the tests of
// the packages.
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const vitest = `${root}node_modules/vitest/vitest.mjs`
// Patterns for projects of vitest.config.ts: the projects of the repository, and all other projects.
const sides = ["repository*", "!repository*"]

const passes = (project) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [vitest, "run", "--project", project], {
      cwd: root,
      stdio: "inherit"
    })
    child.on("error", reject)
    child.on("close", (code) => resolve(code === 0))
  })

const results = await Promise.all(sides.map(passes))
if (results.includes(false)) process.exit(1)
