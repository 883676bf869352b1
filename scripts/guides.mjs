// Follows README.md and all guides in docs/ literally, and builds the shortener: npm run test:guides --
// [--others]
//
//   --others   without README.md, which `npm test` runs
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"

const { values } = parseArgs({ options: { others: { type: "boolean", default: false } } })
const root = fileURLToPath(new URL("..", import.meta.url))
const { status } = spawnSync(
  process.execPath,
  [`${root}node_modules/vitest/vitest.mjs`, "run", "test/guides.test.ts", "test/shortener.test.ts"],
  { cwd: root, env: { ...process.env, HTTPFX_GUIDES: values.others ? "others" : "all" }, stdio: "inherit" }
)
process.exit(status ?? 1)
