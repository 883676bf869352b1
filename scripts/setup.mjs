// Installs the dependencies with pnpm. npx downloads pnpm, so a machine needs only Node and npm. Does nothing
// if the installed dependencies match the lock file.
import { spawnSync } from "node:child_process"
import { copyFileSync, existsSync, readFileSync, rmSync } from "node:fs"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const lock = root + "pnpm-lock.yaml"
const stamp = root + "node_modules/.installed-lock.yaml"
const same = existsSync(stamp) && readFileSync(stamp, "utf8") === readFileSync(lock, "utf8")
if (!same) {
  console.log("Installing dependencies (once, and again when pnpm-lock.yaml changes) …")
  const install = ["--yes", "pnpm@10", "install", "--frozen-lockfile", "--reporter=append-only"]
  const { status } = spawnSync("npx", install, { cwd: root, stdio: "inherit" })
  if (status !== 0) process.exit(status ?? 1)
  // Remove the cached results of checks, because they were made with other versions.
  rmSync(root + "node_modules/.cache/check", { recursive: true, force: true })
  copyFileSync(lock, stamp)
}
