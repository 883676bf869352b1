/**
 * Node's switches for its HTTP modules, from the command line and from `NODE_OPTIONS`, and what servers and
 * requests say about the same: how large heads may be and how strictly they are read.
 */
import { presets, type Flags, type ParserOptions } from "@httpfx/core/wire"
import type { HttpValidation } from "./validate.js"

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

/** `--use-env-proxy`, which Node.js 24 takes: the global agents go by the proxies of the environment. */
export const usesEnvProxy = given("--use-env-proxy").length > 0

const insecureByDefault = given("--insecure-http-parser").length > 0
let warned = false

let lastOptions: ParserOptions = {}
let lastSize = -1

const byValidation: Readonly<Record<HttpValidation, Flags>> = {
  strict: presets.node,
  // The values of the Fetch standard.
  relaxed: Object.freeze({ ...presets.node, controlsInValues: true }),
  insecure: presets.insecure
}

/** What the owner of a parser may have said about how strictly it reads. */
interface Wishes {
  readonly insecureHTTPParser: boolean | undefined
  readonly httpValidation: HttpValidation | undefined
  readonly maxHeaderSize: number | undefined
}

/** The options of a parser; the same object for the same wishes, so that a parser can be used again. */
export const parserOptions = (wishes: Wishes): ParserOptions => {
  const { httpValidation: validation, insecureHTTPParser, maxHeaderSize: size } = wishes
  const flags = validation === undefined ? parserFlags(insecureHTTPParser) : byValidation[validation]
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
