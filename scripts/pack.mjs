// Packs each package as it would be published: `node scripts/pack.mjs [folder]` (default: dist-packages). The
// packages must be built (`npm run build`). Prints the paths of the tarballs.
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const target = resolve(process.argv[2] ?? join(root, "dist-packages"))
mkdirSync(target, { recursive: true })

// The compiler never deletes files, so remove the output of sources that no longer exist.
const built = /\.(js|d\.ts)(\.map)?$/
const dropStale = (folder) => {
  const dist = join(folder, "dist")
  for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !built.test(entry.name)) continue
    const file = join(entry.parentPath ?? entry.path, entry.name)
    const source = join(folder, "src", relative(dist, dirname(file)), entry.name.replace(built, ".ts"))
    if (!existsSync(source)) rmSync(file)
  }
}

for (const name of ["core", "node", "testing"]) {
  const folder = join(root, "packages", name)
  dropStale(folder)
  // Use pnpm, because npm does not replace `workspace:` by version ranges.
  const { status, stdout, stderr } = spawnSync(
    "npx",
    ["--yes", "--prefer-offline", "pnpm@10", "pack", "--json", "--pack-destination", target],
    { cwd: folder, encoding: "utf8" }
  )
  if (status !== 0) {
    process.stderr.write(stdout + stderr)
    process.exit(1)
  }
  console.log(resolve(folder, JSON.parse(stdout).filename))
}
