/**
 * Checks arguments as Node's HTTP module does, and throws the same errors as Node. `wire/` decides whether
 * names and values of header fields are valid.
 */
import { isFieldValue, isLooseFieldValue, isToken } from "@httpfx/core/wire"
import { format } from "node:util"
import { invalidArgType, invalidArgValue, outOfRange, violationError } from "./errors.js"

export const validateString = (value: unknown, name: string): void => {
  if (typeof value !== "string") throw invalidArgType(name, "string", value)
}

export const validateBoolean = (value: unknown, name: string): void => {
  if (typeof value !== "boolean") throw invalidArgType(name, "boolean", value)
}

export const validateNumber = (value: unknown, name: string, min?: number, max?: number): void => {
  if (typeof value !== "number") throw invalidArgType(name, "number", value)
  const below = min !== undefined && value < min
  const above = max !== undefined && value > max
  if (below || above || ((min !== undefined || max !== undefined) && Number.isNaN(value))) {
    const parts: Array<string> = []
    if (min !== undefined) parts.push(`>= ${min}`)
    if (max !== undefined) parts.push(`<= ${max}`)
    throw outOfRange(name, parts.join(" && "), value)
  }
}

export const validateInteger = (
  value: unknown,
  name: string,
  min: number = Number.MIN_SAFE_INTEGER,
  max: number = Number.MAX_SAFE_INTEGER
): void => {
  if (typeof value !== "number") throw invalidArgType(name, "number", value)
  if (!Number.isInteger(value)) throw outOfRange(name, "an integer", value)
  if (value < min || value > max) throw outOfRange(name, `>= ${min} && <= ${max}`, value)
}

export const validateFunction = (value: unknown, name: string): void => {
  if (typeof value !== "function") throw invalidArgType(name, "Function", value)
}

export const validateObject = (value: unknown, name: string): void => {
  if (value === null || Array.isArray(value) || typeof value !== "object") {
    throw invalidArgType(name, "Object", value)
  }
}

export const validateOneOf = (value: unknown, name: string, allowed: ReadonlyArray<unknown>): void => {
  if (allowed.includes(value)) return
  const list = allowed.map((one) => (typeof one === "string" ? `'${one}'` : String(one))).join(", ")
  throw invalidArgValue(name, value, `must be one of: ${list}`)
}

/**
 * Returns a timeout that Node's timers accept, in milliseconds below 2^31. A larger value is reduced to the
 * maximum, and a warning is emitted.
 */
export const validateTimeout = (value: unknown, name: string): number => {
  validateNumber(value, name)
  const ms = value as number
  if (ms < 0 || !Number.isFinite(ms)) throw outOfRange(name, "a non-negative finite number", ms)
  if (ms > 2 ** 31 - 1) {
    process.emitWarning(
      `${ms} does not fit into a 32-bit signed integer.\nTimer duration was truncated to ${2 ** 31 - 1}.`,
      "TimeoutOverflowWarning"
    )
    return 2 ** 31 - 1
  }
  return ms
}

const linkValue = /^(?:<[^>\r\n]*>)(?:\s*;\s*[^;"\s]+(?:=(")?[^;"\s]*\1)?)*$/

const validateLink = (value: unknown): void => {
  if (typeof value !== "string" || !linkValue.test(value)) {
    throw invalidArgValue(
      "hints",
      value,
      'must be an array or string of format "</styles.css>; rel=preload; as=style"'
    )
  }
}

/** Returns the value of a `Link` field, made from a string or an array of strings. */
export const linkFieldValue = (hints: unknown): string => {
  if (typeof hints === "string") {
    validateLink(hints)
    return hints
  }
  if (Array.isArray(hints)) {
    if (hints.length === 0) return ""
    for (const link of hints as Array<unknown>) validateLink(link)
    return (hints as Array<string>).join(", ")
  }
  throw invalidArgValue(
    "hints",
    hints,
    'must be an array or string of format "</styles.css>; rel=preload; as=style"'
  )
}

/** `http.validateHeaderName`. */
export const validateHeaderName = (name: string, label?: string): void => {
  if (typeof name !== "string" || !isToken(name)) {
    throw violationError({
      _tag: "Violation",
      code: "ERR_INVALID_HTTP_TOKEN",
      what: label ? format("%s", label) : "Header name",
      value: format("%s", name)
    })
  }
}

/** Converts a field value to the text that is sent. Throws if the value is a symbol. */
export const textOf = (value: unknown): string =>
  typeof value === "symbol" ? "" + (value as unknown as string) : String(value)

/**
 * The strictness of the checks of fields, both when they are parsed and when they are sent. These are the
 * values of the option `httpValidation` of a server or request.
 */
export type HttpValidation = "strict" | "relaxed" | "insecure"

const validations: ReadonlyArray<unknown> = [
  "strict",
  "relaxed",
  "insecure"
] satisfies ReadonlyArray<HttpValidation>

/** Validates the option `httpValidation`, which must not be combined with `insecureHTTPParser`. */
export const validationOption = (value: unknown, insecure: unknown): HttpValidation | undefined => {
  if (value === undefined) return undefined
  validateOneOf(value, "options.httpValidation", validations)
  if (insecure !== undefined) {
    throw invalidArgValue(
      "options.httpValidation",
      value,
      "cannot be used together with options.insecureHTTPParser"
    )
  }
  return value as HttpValidation
}

/** A message that may have its own `httpValidation`, or a server that has one. */
interface Validated {
  readonly httpValidation?: HttpValidation | undefined
  readonly req?: {
    readonly socket?: { readonly server?: { readonly httpValidation?: HttpValidation | undefined } } | null
  }
}

/**
 * Returns whether a message may send this field value. Reads `httpValidation` only if the strict check fails.
 */
export const isValueOf = (message: object, text: string): boolean => {
  if (isFieldValue(text)) return true
  if (!isLooseFieldValue(text)) return false
  const { httpValidation, req } = message as Validated
  const said = httpValidation ?? req?.socket?.server?.httpValidation
  return said !== undefined && said !== "strict"
}

/** Throws if the message may not send this field value. */
export const validateValueOf = (message: object, name: string, value: unknown): void => {
  if (value !== undefined && isValueOf(message, typeof value === "string" ? value : textOf(value))) return
  validateHeaderValue(name, value)
}

/** `http.isValidHeaderName`. */
export const isValidHeaderName = (name: unknown): boolean => typeof name === "string" && isToken(name)

/** `http.isValidHeaderValue`. */
export const isValidHeaderValue = (value: unknown, options?: unknown): boolean => {
  if (options !== undefined) validateObject(options, "options")
  const httpValidation = validationOption((options as Validated | undefined)?.httpValidation, undefined)
  if (value === undefined || typeof value === "symbol") return false
  return isValueOf(
    { httpValidation: httpValidation === "relaxed" ? httpValidation : "strict" },
    String(value)
  )
}

/** `http.validateHeaderValue`. */
export const validateHeaderValue = (name: string, value: unknown): void => {
  if (value === undefined) {
    throw violationError({
      _tag: "Violation",
      code: "ERR_HTTP_INVALID_HEADER_VALUE",
      name,
      value: undefined
    })
  }
  if (!isFieldValue(typeof value === "string" ? value : textOf(value))) {
    throw violationError({ _tag: "Violation", code: "ERR_INVALID_CHAR", what: "header content", name })
  }
}
