// Bundles a program of this folder into one file, as a user would, and compares its size with its budget.
import { build } from "esbuild"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"

export const file = new URL("./budgets.json", import.meta.url)
/** @type {Record<string, number>} Bytes of each program's bundle. */
export const budgets = JSON.parse(readFileSync(file, "utf8"))

// CommonJS inside a module (`ws`) needs a `require` for the modules of Node.js.
const banner = {
  js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);'
}

/** The bundle of a program, minified: its text, and its size in bytes, as it is and compressed. */
export const bundle = async (name) => {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`./${name}.mjs`, import.meta.url))],
    bundle: true,
    minify: true,
    platform: "node",
    target: "node20",
    format: "esm",
    banner,
    write: false,
    logLevel: "silent"
  })
  const { contents, text } = outputFiles[0]
  return { text, bytes: contents.length, compressed: gzipSync(contents).length }
}

/** Allowed difference of the bytes, in either direction. */
export const tolerance = 0.05

/** Lines that describe the difference from the budget. */
export const differences = (budget, bytes) =>
  Math.abs(bytes - budget) <= budget * tolerance
    ? []
    : [`${bytes} bytes, and the budget is ${budget} (${Math.round((bytes / budget - 1) * 100)} %)`]
