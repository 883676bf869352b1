// The golden traces (packages/core/test/traces) and the table of losses
// (packages/core/test/connection/server/losses): npm run traces -- [--record] [NAME]
//
//   --record   writes the current behaviour to their folders recorded/; read the diff before you commit it
//   NAME       a regular expression: compares only traces with a matching group and name
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"

const root = fileURLToPath(new URL("..", import.meta.url))
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { record: { type: "boolean", default: false } }
})
const [name] = positionals
if (values.record && name !== undefined) {
  console.error("--record writes all traces: a part would leave the files without the rest.")
  process.exit(2)
}

const files = ["packages/core/test/traces.test.ts", "packages/core/test/connection/withoutEffect.test.ts"]
const vitest = [`${root}node_modules/vitest/vitest.mjs`, "run", ...files]
const { status } = spawnSync(process.execPath, [...vitest, ...(name === undefined ? [] : ["-t", name])], {
  cwd: root,
  env: { ...process.env, HTTPFX_TRACES: values.record ? "record" : "compare" },
  stdio: "inherit"
})
process.exit(status ?? 1)
