/**
 * Tables of checks for option values. An invalid value or an unknown option is refused, with an error that
 * names the option and its requirement.
 */
import { InvalidOption } from "@httpfx/core/HttpError"

/**
 * A requirement and its test. The test is never called with `undefined`, because `undefined` means an omitted
 * option.
 */
export interface Check {
  readonly must: string
  readonly is: (value: unknown) => boolean
  /** If the value is a record, the checks of its members. */
  readonly inside?: Table
}
export type Table = Readonly<Record<string, Check>>

export const integer = (least: number, most = Number.MAX_SAFE_INTEGER): Check => ({
  must: most === Number.MAX_SAFE_INTEGER ? `an integer >= ${least}` : `an integer from ${least} to ${most}`,
  is: (value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
})
/** Makes a check for a number that is at least `least`. `Infinity` is allowed. */
export const limit = (least: number): Check => ({
  must: `a number >= ${least}, or Infinity`,
  is: (value) => typeof value === "number" && value >= least
})
export const boolean: Check = { must: "a boolean", is: (value) => typeof value === "boolean" }
export const callback: Check = { must: "a function", is: (value) => typeof value === "function" }
const isRecord = (value: unknown): value is object => typeof value === "object" && value !== null
export const record = (inside: Table): Check => ({ must: "a record of options", is: isRecord, inside })
export const either = (one: Check, other: Check): Check => ({
  must: `${one.must} or ${other.must}`,
  is: (value) => one.is(value) || other.is(value),
  inside: { ...one.inside, ...other.inside }
})
/** Makes a check for an array that contains some of these values, each at most once. */
export const someOf = (...values: ReadonlyArray<string>): Check => ({
  must: `an array of different values of ${values.map((value) => JSON.stringify(value)).join(", ")}`,
  is: (value) =>
    Array.isArray(value) &&
    value.every((item) => values.includes(item as string)) &&
    new Set(value).size === value.length
})

/** Returns the error for the first invalid option. In the error, the names of options begin with `prefix`. */
export const refuse = (given: unknown, table: Table, prefix = ""): InvalidOption | undefined => {
  const invalid = (option: string, must: string, received: unknown) =>
    new InvalidOption({
      option,
      code: typeof received === "number" ? "ERR_OUT_OF_RANGE" : "ERR_INVALID_ARG_VALUE",
      reason: `must be ${must}`,
      received: typeof received === "string" ? JSON.stringify(received) : String(received)
    })
  if (!isRecord(given)) return invalid(prefix.slice(0, -1), "a record of options", given)
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue
    const check = Object.hasOwn(table, name) ? table[name] : undefined
    if (check === undefined) return invalid(prefix + name, `left out: there is no such option`, value)
    if (!check.is(value)) return invalid(prefix + name, check.must, value)
    if (check.inside !== undefined && isRecord(value)) {
      const refused = refuse(value, check.inside, `${prefix}${name}.`)
      if (refused !== undefined) return refused
    }
  }
  return undefined
}
