/**
 * Reads Node's command-line flags for its HTTP modules, also from `NODE_OPTIONS`. Combines these flags with
 * the options of servers and requests. The result is the maximum head size and the strictness of the parser.
 */
import { presets, type Flags, type ParserOptions } from "@httpfx/core/wire"
import type { HttpValidation } from "./validate.js"

/**
 * Returns all values of a flag. The values in `NODE_OPTIONS` come before the values on the command line, and
 * the last value applies.
 */
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

/**
 * Whether `--use-env-proxy` (Node.js 24) is set. If it is, the global agents use the proxies of the
 * environment.
 */
export const usesEnvProxy = given("--use-env-proxy").length > 0

const insecureByDefault = given("--insecure-http-parser").length > 0
let warned = false

let lastOptions: ParserOptions = {}
let lastSize = -1

const byValidation: Readonly<Record<HttpValidation, Flags>> = {
  strict: presets.node,
  // Accept control characters in field values, as the Fetch standard does.
  relaxed: Object.freeze({ ...presets.node, controlsInValues: true }),
  insecure: presets.insecure
}

/** The options of a server or request that determine the strictness and the limits of its parser. */
interface Wishes {
  readonly insecureHTTPParser: boolean | undefined
  readonly httpValidation: HttpValidation | undefined
  readonly maxHeaderSize: number | undefined
}

/**
 * Returns the parser options. Consecutive calls with equal values return the same object, because a parser
 * can be reused only with the same options object.
 */
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

/**
 * Returns the flags for a value of `insecureHTTPParser`. Emits a warning when the insecure flags are first
 * used, as Node does.
 */
const parserFlags = (insecure: boolean | undefined): Flags => {
  if (insecure === undefined) insecure = insecureByDefault
  if (!insecure) return presets.node
  if (!warned) {
    warned = true
    process.emitWarning("Using insecure HTTP parsing")
  }
  return presets.insecure
}
