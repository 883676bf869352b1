// Installs binaries of runtimes from packages of the npm registry. Each package contains one binary for one
// platform.
import { spawnSync } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const caches = fileURLToPath(new URL("../node_modules/.cache/", import.meta.url))

const quiet = [
  "--no-save",
  "--no-package-lock",
  "--no-audit",
  "--no-fund",
  "--ignore-scripts",
  "--loglevel=error"
]

/**
 * Returns the path of the binary `file` of a package, or the reason why the binary is missing. The package is
 * installed once into `folder`. With `update` it is installed again.
 */
export const binaryFrom = ({ file, folder, name, update = false, version }) => {
  const path = join(folder, "node_modules", name, file)
  if (update) rmSync(folder, { recursive: true, force: true })
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true })
    const { status, stderr } = spawnSync(
      "npm",
      ["install", ...quiet, "--prefix", folder, `${name}@${version}`],
      { cwd: folder, encoding: "utf8", shell: process.platform === "win32" }
    )
    if (/\bE(404|TARGET)\b/.test(stderr ?? "")) {
      return {
        why: `the registry has no ${name} of version ${version}: there is no binary for ${process.platform} on ${process.arch}`
      }
    }
    if (status !== 0 || !existsSync(path))
      return { why: `${name}@${version} could not be installed\n${stderr}` }
    chmodSync(path, 0o755)
  }
  const { error, status } = spawnSync(path, ["--version"], { encoding: "utf8" })
  if (status === 0) return { path }
  return {
    why: `${path} does not run here (${error?.message ?? `exit ${status}`}): another C library than it was built for?`
  }
}

/**
 * Returns the path of a binary of this version of Node.js (`24`, `24.12`), or the reason why it is missing.
 * If the running Node.js has another version, the registry's package `node-PLATFORM-ARCHITECTURE` is
 * installed in node_modules/.cache/nodes.
 */
export const nodeBinary = (version, update) => {
  if (`${process.versions.node}.`.startsWith(`${version}.`)) return { path: process.execPath }
  const isWindows = process.platform === "win32"
  return binaryFrom({
    folder: join(caches, "nodes", version),
    name: `node-${isWindows ? "win" : process.platform}-${process.arch}`,
    version,
    file: isWindows ? "bin/node.exe" : "bin/node",
    update
  })
}
