// Publishes the packages: `npm run release -- [--dry-run] [--tag next] [--otp 123456] [--provenance]`. The
// options are passed to `npm publish`. Publishes the tarballs of scripts/pack.mjs, which the tests install
// and check.
//
// Fails if changesets are pending (run `npm run version` first) or if the work tree has uncommitted changes.
// Skips versions that are already published, so that an aborted release can be repeated.
import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const options = process.argv.slice(2)

const run = (command, args, stdio = "inherit") =>
  spawnSync(command, args, { cwd: root, encoding: "utf8", stdio: ["ignore", stdio, "inherit"] })
const refuse = (message) => {
  console.error(`release: ${message}`)
  process.exit(1)
}

if (!options.includes("--dry-run")) {
  const waiting = readdirSync(join(root, ".changeset")).filter(
    (file) => /\.md$/.test(file) && file !== "README.md"
  )
  if (waiting.length > 0) refuse(`${waiting.join(", ")}: run \`npm run version\` and commit first`)
  const changed = run("git", ["status", "--porcelain"], "pipe").stdout
  if (changed !== "") refuse(`not committed:\n${changed}`)
}

const folder = mkdtempSync(join(tmpdir(), "httpfx-release-"))
try {
  const packed = run(process.execPath, ["scripts/pack.mjs", folder], "pipe")
  if (packed.status !== 0) refuse("packing failed")
  const tarballs = packed.stdout.trim().split("\n")
  // Publish each package after the packages on which it depends.
  for (const [index, name] of ["core", "node", "testing"].entries()) {
    const { version } = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"))
    const there = spawnSync("npm", ["view", `@httpfx/${name}@${version}`, "version"], { encoding: "utf8" })
    if (there.status === 0 && there.stdout.trim() === version) {
      console.log(`@httpfx/${name}@${version} is published already`)
      continue
    }
    const published = run("npm", ["publish", tarballs[index], "--access", "public", ...options])
    if (published.status !== 0) process.exit(published.status ?? 1)
  }
  if (!options.includes("--dry-run")) run("npx", ["changeset", "tag"])
} finally {
  rmSync(folder, { recursive: true, force: true })
}
