// Runs completely those tests of which `npm test` runs only a part: npm run test:long
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const files = [
  // Clients that disconnect at every offset of a message.
  "packages/core/test/server/offsets.test.ts",
  // Sequences of connection events that are three steps longer, and all planted bugs of the automaton.
  "packages/core/test/connection/exploration.test.ts",
  // Random conversations and programs, for some minutes.
  "packages/core/test/server/fuzz.test.ts",
  "packages/core/test/client/fuzz.test.ts",
  "packages/core/test/wire/automaton/automatonProperties.test.ts",
  "packages/node/test/http/programs.test.ts",
  "packages/node/test/http/calls.test.ts",
  // All planted bugs of the simulation.
  "test/simulate.test.ts"
]
const env = { HTTPFX_FUZZ_RUNS: "5000", ...process.env, HTTPFX_LONG: "1" }
const { status } = spawnSync(process.execPath, [`${root}node_modules/vitest/vitest.mjs`, "run", ...files], {
  cwd: root,
  env,
  stdio: "inherit"
})
process.exit(status ?? 1)
