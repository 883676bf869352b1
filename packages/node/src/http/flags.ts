/**
 * Node's two switches for its HTTP parser, from the command line and from `NODE_OPTIONS`: `--max-http-header-size` and
 * `--insecure-http-parser`.
 */
import { presets, type Flags, type ParserOptions } from "@httpfx/core/wire"

/** The values given to an option, last one last; `NODE_OPTIONS` come before the command line, which wins. */
const given = (option: string): ReadonlyArray<string> => {
  const words = [...(process.env["NODE_OPTIONS"] ?? "").split(/\s+/), ...process.execArgv]
  const values: Array<string> = []
  words.forEach((word, i) => {
    const [name, ...rest] = word.replace(/^"|"$/g, "").split("=")
    if (name === undefined || name.replaceAll("_", "-") !== option) return
    values.push(rest.length > 0 ? rest.join("=") : (words[i + 1] ?? ""))
  })
  return values
}

const headerSize = (): number => {
  const last = given("--max-http-header-size").at(-1)
  const size = last === undefined ? 0 : Number(last)
  return size > 0 ? size : 16 * 1024
}

/** `http.maxHeaderSize`, bytes. */
export const maxHeaderSize = headerSize()

const insecureByDefault = given("--insecure-http-parser").length > 0
let warned = false

let lastOptions: ParserOptions = {}
let lastSize = -1

/** The options of a parser; the same object for the same wishes, so that a parser can be used again. */
export const parserOptions = (insecure: boolean | undefined, size: number | undefined): ParserOptions => {
  const flags = parserFlags(insecure)
  const limit = size || maxHeaderSize
  if (lastOptions.flags !== flags || lastSize !== limit) {
    lastOptions = { flags, limits: { maxHeaderSize: limit, maxHeaderCount: 0 } }
    lastSize = limit
  }
  return lastOptions
}

/** The flags of a parser whose user said `insecureHTTPParser: value`. Lenient ones warn once, as in Node. */
const parserFlags = (insecure: boolean | undefined): Flags => {
  if (insecure === undefined) insecure = insecureByDefault
  if (!insecure) return presets.node
  if (!warned) {
    warned = true
    process.emitWarning("Using insecure HTTP parsing")
  }
  return presets.insecure
}
