// Runs the differential test with many cases: npm run differential -- --cases 200000 --seed 1
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"

const { values } = parseArgs({
  options: { cases: { type: "string", default: "200000" }, seed: { type: "string" } }
})
const root = fileURLToPath(new URL("..", import.meta.url))
const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url))
const env = { ...process.env, HTTPFX_DIFFERENTIAL_CASES: values.cases }
if (values.seed !== undefined) env.HTTPFX_DIFFERENTIAL_SEED = values.seed
const { status } = spawnSync(
  process.execPath,
  [vitest, "run", "packages/core/test/wire/receive/differential.test.ts", "--disable-console-intercept"],
  { cwd: root, stdio: "inherit", env }
)
process.exit(status ?? 1)
