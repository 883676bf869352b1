// Binaries of other runtimes, each with a fixed version. A binary is installed once from the npm registry.
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { binaryFrom } from "../binary.mjs"

const root = fileURLToPath(new URL("../..", import.meta.url))
const isWindows = process.platform === "win32"
const denoPlatform =
  process.platform === "linux" ? `linux-${process.arch}-glibc` : `${process.platform}-${process.arch}`
const bunPlatform = `${isWindows ? "windows" : process.platform}-${process.arch === "arm64" ? "aarch64" : process.arch}`

// The versions are fixed, because another version may support another set of cases.
const packages = {
  bun: { name: `@oven/bun-${bunPlatform}`, version: "1.4.5", file: isWindows ? "bin/bun.exe" : "bin/bun" },
  deno: { name: `@deno/${denoPlatform}`, version: "2.9.6", file: isWindows ? "deno.exe" : "deno" }
}

/** Returns the path of a runtime's binary, or the reason why it is missing. */
export const binaryOf = (runtime) => {
  if (runtime === "node") return { path: process.execPath }
  const folder = join(root, "node_modules/.cache/runtimes", runtime, packages[runtime].version)
  return binaryFrom({ folder, ...packages[runtime] })
}
