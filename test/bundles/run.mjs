// Bundles a program of this folder into one file, as a user would, and compares its size with its budget.
import { build } from "esbuild"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"

export const file = new URL("./budgets.json", import.meta.url)
/** @type {Record<string, number>} Bytes of each program's bundle. */
export const budgets = JSON.parse(readFileSync(file, "utf8"))

// Packages in CommonJS, such as `ws`, need a `require` for the modules of Node.js.
const banner = {
  js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);'
}

/** Bundles and minifies a program. Returns the text, and its size in bytes before and after compression. */
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

/** Allowed relative difference of the bytes in both directions. */
export const tolerance = 0.05

/** Returns lines that describe the difference between budget and size. */
export const differences = (budget, bytes) =>
  Math.abs(bytes - budget) <= budget * tolerance
    ? []
    : [`${bytes} bytes, and the budget is ${budget} (${Math.round((bytes / budget - 1) * 100)} %)`]
