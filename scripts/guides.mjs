// Follows README.md and all guides in docs/ to the letter, and builds the shortener: npm run test:guides
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const { status } = spawnSync(
  process.execPath,
  [`${root}node_modules/vitest/vitest.mjs`, "run", "test/guides.test.ts", "test/shortener.test.ts"],
  { cwd: root, env: { ...process.env, HTTPFX_GUIDES: "all" }, stdio: "inherit" }
)
process.exit(status ?? 1)
