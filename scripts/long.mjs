// Tests of which npm test runs a part, whole: npm run test:long
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const files = [
  // Every offset of a message at which a client can leave.
  "packages/core/test/server/offsets.test.ts",
  // Three more steps of every order of events of a connection, and all planted bugs.
  "packages/core/test/connection/exploration.test.ts",
  // As many random conversations and programs as take minutes.
  "packages/node/test/http/programs.test.ts",
  "packages/node/test/http/calls.test.ts",
  // Every bug that is planted for the simulation.
  "test/simulate.test.ts"
]
const env = { HTTPFX_FUZZ_RUNS: "5000", ...process.env, HTTPFX_LONG: "1" }
const { status } = spawnSync(process.execPath, [`${root}node_modules/vitest/vitest.mjs`, "run", ...files], {
  cwd: root,
  env,
  stdio: "inherit"
})
process.exit(status ?? 1)
