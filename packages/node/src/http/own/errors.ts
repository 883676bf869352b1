/**
 * Builds the errors of Node's HTTP module, with Node's codes and messages. Some errors are about arguments,
 * message states and connections. The remaining errors report violations (our faults) and refusals (the
 * peer's faults), which core finds.
 */
import { errorClassOf, messageOf, type Refusal, type Violation } from "@httpfx/core/wire"
import { inspect } from "node:util"

/**
 * An error in the form of Node's own errors. `code` is an own property, and the stack begins with the name
 * and the code.
 */
export interface CodedError extends Error {
  code: string
}

// The folder of this package's code, wherever it is installed, and the same of core.
const ownFolder = /^ +at (?:.*\()?(.*\/)(?:dist|src)\//m
  .exec(new Error("of this file").stack ?? "")?.[1]
  ?.replace(/node\/$/, "")

/** Removes our frames from a stack, so that it begins at the code of the caller. */
const withoutOwnFrames = (stack: string): string => {
  if (ownFolder === undefined) return stack
  const isOwn = (line: string) =>
    ["node/dist/", "node/src/", "core/dist/", "core/src/"].some((part) => line.includes(ownFolder + part))
  return stack
    .split("\n")
    .filter((line) => !line.startsWith("    at ") || !isOwn(line))
    .join("\n")
}

const withCode = <E extends Error>(error: E, code: string): E & CodedError => {
  const coded = error as E & CodedError
  const name = error.name
  // Node builds the first line of the stack on first access. Read the stack now, while the name contains the
  // code.
  Object.defineProperty(coded, "name", {
    value: `${name} [${code}]`,
    enumerable: false,
    writable: true,
    configurable: true
  })
  coded.stack = withoutOwnFrames(coded.stack ?? "")
  delete (coded as { name?: string }).name
  coded.code = code
  Object.defineProperty(coded, "toString", {
    value(this: CodedError) {
      return `${this.name} [${code}]: ${this.message}`
    },
    enumerable: false,
    writable: true,
    configurable: true
  })
  return coded
}

export const codedError = (code: string, message: string): CodedError => withCode(new Error(message), code)
export const codedTypeError = (code: string, message: string): TypeError & CodedError =>
  withCode(new TypeError(message), code)
export const codedRangeError = (code: string, message: string): RangeError & CodedError =>
  withCode(new RangeError(message), code)

const classes = { Error, TypeError, RangeError }

/**
 * Returns the error for a `Violation`, which means that our side tried to send a message that HTTP does not
 * allow.
 */
export const violationError = (violation: Violation): CodedError =>
  withCode(new classes[errorClassOf[violation.code]](messageOf(violation)), violation.code)

export const headersSent = (what: string): CodedError =>
  violationError({ _tag: "Violation", code: "ERR_HTTP_HEADERS_SENT", what })

/**
 * The error for malformed bytes. A server emits this error with `clientError`. A client emits this error on
 * the request.
 */
export interface ParserError extends Error {
  code: string
  reason: string
  bytesParsed: number
  rawPacket?: Uint8Array
}

export const refusalError = (refusal: Refusal): ParserError => {
  const error = new Error(`Parse Error: ${refusal.reason}`) as ParserError
  error.bytesParsed = refusal.bytesParsed
  error.code = refusal.code
  error.reason = refusal.reason
  return error
}

/** Returns an `ECONNRESET` error. Node uses this error with the messages "aborted" and "socket hang up". */
export const resetError = (message: string): CodedError => {
  const error = new Error(message) as CodedError
  error.code = "ECONNRESET"
  return error
}

export class AbortError extends Error {
  readonly code = "ABORT_ERR"
  constructor(message = "The operation was aborted", options?: ErrorOptions) {
    super(message, options)
    this.name = "AbortError"
  }
}

const received = (value: unknown): string => {
  if (value === null || value === undefined) return ` Received ${value}`
  if (typeof value === "function") return ` Received function ${value.name}`
  if (typeof value === "object") {
    const made = (value as { constructor?: { name?: string } }).constructor?.name
    if (made) return ` Received an instance of ${made}`
    return ` Received ${inspect(value, { depth: -1 })}`
  }
  if (typeof value === "string") {
    const cut = value.length > 28 ? `${value.slice(0, 25)}...` : value
    return ` Received type string (${cut.includes("'") ? JSON.stringify(cut) : `'${cut}'`})`
  }
  let shown = inspect(value, { colors: false })
  if (shown.length > 28) shown = `${shown.slice(0, 25)}...`
  return ` Received type ${typeof value} (${shown})`
}

const primitives = new Set([
  "string",
  "function",
  "number",
  "object",
  "Function",
  "Object",
  "boolean",
  "bigint",
  "symbol"
])

const listed = (words: ReadonlyArray<string>): string => {
  if (words.length <= 1) return words.join("")
  if (words.length === 2) return `${words[0]} or ${words[1]}`
  return `${words.slice(0, -1).join(", ")}, or ${words[words.length - 1]}`
}

/**
 * Returns a text like "of type string or an instance of Buffer or Uint8Array". The text lists types first,
 * then classes, then other values.
 */
const expectedKinds = (expected: ReadonlyArray<string>): string => {
  const types = expected.filter((name) => primitives.has(name)).map((name) => name.toLowerCase())
  const classNames = expected.filter((name) => !primitives.has(name) && /^([A-Z][a-z0-9]*)+$/.test(name))
  const others = expected.filter((name) => !primitives.has(name) && !classNames.includes(name))
  const object = types.indexOf("object")
  if (object >= 0 && classNames.length > 0) {
    types.splice(object, 1)
    classNames.push("Object")
  }
  const parts: Array<string> = []
  if (types.length > 0) parts.push(types.length > 1 ? `one of type ${listed(types)}` : `of type ${types[0]}`)
  if (classNames.length > 0) parts.push(`an instance of ${listed(classNames)}`)
  if (others.length > 0) parts.push(others.length > 1 ? `one of ${listed(others)}` : `${others[0]}`)
  return parts.join(" or ")
}

export const invalidArgType = (
  name: string,
  expected: string | ReadonlyArray<string>,
  actual: unknown
): TypeError & CodedError => {
  const subject = name.endsWith(" argument")
    ? `The ${name}`
    : `The "${name}" ${name.includes(".") ? "property" : "argument"}`
  const kinds = expectedKinds(typeof expected === "string" ? [expected] : expected)
  return codedTypeError("ERR_INVALID_ARG_TYPE", `${subject} must be ${kinds}.${received(actual)}`)
}

export const invalidArgValue = (
  name: string,
  value: unknown,
  reason = "is invalid"
): TypeError & CodedError => {
  let shown = inspect(value)
  if (shown.length > 128) shown = `${shown.slice(0, 128)}...`
  const kind = name.includes(".") ? "property" : "argument"
  return codedTypeError("ERR_INVALID_ARG_VALUE", `The ${kind} '${name}' ${reason}. Received ${shown}`)
}

const grouped = (digits: string): string => digits.replace(/\B(?=(\d{3})+(?!\d))/g, "_")

export const outOfRange = (name: string, range: string, value: unknown): RangeError & CodedError => {
  let shown: string
  if (Number.isInteger(value) && Math.abs(value as number) > 2 ** 32) shown = grouped(String(value))
  else if (typeof value === "bigint") shown = `${grouped(String(value))}n`
  else shown = inspect(value)
  return codedRangeError(
    "ERR_OUT_OF_RANGE",
    `The value of "${name}" is out of range. It must be ${range}. Received ${shown}`
  )
}
