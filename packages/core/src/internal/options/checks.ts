/**
 * Checks of option values, arranged in tables. An invalid value is never converted. It is refused with an
 * error that names the option and the requirement. TypeScript's types require the same, but values from
 * configurations and from JavaScript bypass them.
 *
 * This file has the tables that several records of options share: `sizes` (limits of the parser), `flags` and
 * `tls`. The table for any other record is in the file of that record.
 *
 * Checks values before they are decoded, because decoding turns a negative duration into zero, which means no
 * limit.
 */
import * as Duration from "effect/Duration"
import { toStringUnknown } from "effect/Inspectable"
import type { TlsOptions } from "../network.js"
import { addressRanges } from "../../model/ip.js"
import { withoutUserinfo } from "../../model/urlSecrets.js"
import { isStatusCode, presets, type Limits } from "../../wire/index.js"
import { InvalidOption } from "../../errors/server.js"
import { hintFor } from "./places.js"

/**
 * A requirement on an option and its test. The test is never called for `undefined`, which means that the
 * option is omitted.
 *
 * @since 0.1.0
 * @category models
 */
export interface Check {
  /** The requirement, as the error says it after `must be`. */
  readonly must: string
  /**
   * Whether the option is a number or a duration. If so, the error of an invalid value has the code
   * `ERR_OUT_OF_RANGE`.
   */
  readonly ordered: boolean
  /** Returns whether a value meets the requirement. */
  readonly is: (value: unknown) => boolean
  /** Whether the value is secret. Errors show only the type of a secret value. Default: not secret. */
  readonly secret?: true
  /** The checks of the members of a value that is a record. Default: members are not checked. */
  readonly inside?: Table
}

/**
 * The check of each option of `O`. Options without an entry are checked where they are used.
 *
 * @since 0.1.0
 * @category models
 */
export type Checks<O> = { readonly [K in keyof O]?: Check }

/** The checks of all options of `O`. An option without an entry does not exist. */
export type Complete<O> = { readonly [K in keyof O]-?: Check }

/**
 * The check of each option of a record. The record may have no other options.
 *
 * @since 0.1.0
 * @category models
 */
export type Table = Readonly<Record<string, Check>>

const ordered = (must: string, is: (value: unknown) => boolean): Check => ({ must, ordered: true, is })

/**
 * Returns a check for a value that is neither a number nor a duration.
 *
 * @since 0.1.0
 * @category checks
 */
export const other = (must: string, is: (value: unknown) => boolean): Check => ({ must, ordered: false, is })

const secret = (check: Check): Check => ({ ...check, secret: true })

/**
 * Returns a check for an integer of at least `least` and at most `most`.
 *
 * @since 0.1.0
 * @category checks
 */
export const integer = (least: number, most = Number.MAX_SAFE_INTEGER): Check =>
  ordered(
    most === Number.MAX_SAFE_INTEGER ? `an integer >= ${least}` : `an integer from ${least} to ${most}`,
    (value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
  )

/**
 * Returns a check for an integer of at least `least`, or for `Infinity`, which means no limit.
 *
 * @since 0.1.0
 * @category checks
 */
export const limit = (least: number): Check =>
  ordered(
    `an integer >= ${least}, or Infinity`,
    (value) => value === Infinity || (Number.isSafeInteger(value) && (value as number) >= least)
  )

/**
 * Returns a check for a number of at least `least` and at most `most`, which may be `Infinity`.
 *
 * @since 0.1.0
 * @category checks
 */
export const between = (least: number, most: number): Check =>
  ordered(
    most === Infinity ? `a number >= ${least}` : `a number from ${least} to ${most}`,
    (value) => typeof value === "number" && value >= least && value <= most
  )

export const size: Check = ordered("an integer >= 0", (value) =>
  typeof value === "bigint" ? value >= 0n : Number.isSafeInteger(value) && (value as number) >= 0
)

export const port: Check = ordered(
  "an integer from 0 to 65535",
  (value) => Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= 65_535
)

export const family = other("4 or 6", (value) => value === 4 || value === 6)
/** Accepts every value, for an option that is checked where it is used. */
export const anything: Check = other("anything", () => true)
/**
 * The check of a boolean.
 *
 * @since 0.1.0
 * @category checks
 */
export const boolean: Check = other("a boolean", (value) => typeof value === "boolean")
/**
 * The check of a string.
 *
 * @since 0.1.0
 * @category checks
 */
export const string: Check = other("a string", (value) => typeof value === "string")
/**
 * The check of a function.
 *
 * @since 0.1.0
 * @category checks
 */
export const callback: Check = other("a function", (value) => typeof value === "function")
export const names = other(
  "an array of strings",
  (value) => Array.isArray(value) && value.every((item) => typeof item === "string")
)
export const addresses = other(
  'an array of IP addresses, ranges as 10.0.0.0/8, "loopback", "private" or "unix"',
  (value) =>
    Array.isArray(value) &&
    value.every((item) => typeof item === "string" && addressRanges(item) !== undefined)
)
export const statusCodes = other(
  "an array of status codes",
  (value) => Array.isArray(value) && value.every((item) => isStatusCode(item as number))
)
/**
 * Returns a check for one of these strings.
 *
 * @since 0.1.0
 * @category checks
 */
export const oneOf = (...values: ReadonlyArray<string>): Check =>
  other(values.map((value) => JSON.stringify(value)).join(" or "), (value) =>
    values.includes(value as string)
  )

/**
 * Returns a check for an array that contains only these strings, each at most once.
 *
 * @since 0.1.0
 * @category checks
 */
export const someOf = (...values: ReadonlyArray<string>): Check =>
  other(
    `an array of different values of ${values.map((value) => JSON.stringify(value)).join(", ")}`,
    (value) =>
      Array.isArray(value) &&
      value.every((item) => values.includes(item as string)) &&
      new Set(value).size === value.length
  )

/**
 * Returns a check for a record of options. {@link refuse} checks each member with its check in `inside`, and
 * refuses members without a check.
 *
 * @since 0.1.0
 * @category checks
 */
export const record = (inside: Table): Check => ({ ...other("a record of options", isRecord), inside })

/**
 * Returns a check for a value that meets one of two requirements.
 *
 * @since 0.1.0
 * @category checks
 */
export const either = (one: Check, another: Check): Check => ({
  ...other(`${one.must} or ${another.must}`, (value) => one.is(value) || another.is(value)),
  inside: { ...one.inside, ...another.inside }
})

export const bytes = other("a Uint8Array", (value) => value instanceof Uint8Array)
// Accepts bytes as well as text, because PEM files are often read as bytes.
const pem = other(
  "a string or a Uint8Array",
  (value) => typeof value === "string" || value instanceof Uint8Array
)
const pems = other("a string, a Uint8Array, or an array of these", (value) =>
  Array.isArray(value) ? value.every(pem.is) : pem.is(value)
)

/**
 * The check of a proxy. Only the type is checked, because the URL is parsed when it is used. The URL may
 * contain a password, so the value is secret.
 */
export const proxy = secret(
  other(
    "a URL or a record with one",
    (value) => typeof value === "string" || (isRecord(value) && (value instanceof URL || "url" in value))
  )
)

/** The check of the parser's flags. */
export const flags = other(
  "a record of flags, each a boolean",
  (value) =>
    isRecord(value) &&
    Object.entries(value).every(([name, item]) => name in presets.strict && typeof item === "boolean")
)

/** The checks of the parser's limits. */
export const sizes: Complete<Limits> = {
  maxHeaderSize: integer(0),
  maxHeaderCount: integer(0),
  maxChunkExtensionsSize: integer(0),
  maxTrailerSize: integer(0)
}

function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null
}

const isNegative = (value: unknown): boolean =>
  typeof value === "string"
    ? value.trimStart().startsWith("-")
    : Array.isArray(value)
      ? value.some(isNegative)
      : typeof value === "bigint"
        ? value < 0n
        : typeof value === "number" && !(value >= 0)

const isDuration = (value: unknown): boolean =>
  !isNegative(value) && Duration.decodeUnknown(value)._tag === "Some"

/**
 * The check of a duration of zero or more, including `Infinity`.
 *
 * @since 0.1.0
 * @category checks
 */
export const duration: Check = ordered("a duration >= 0", isDuration)
/**
 * The check of a finite duration of zero or more.
 *
 * @since 0.1.0
 * @category checks
 */
export const finiteDuration: Check = ordered(
  "a finite duration >= 0",
  (value) => isDuration(value) && Duration.isFinite(Duration.decode(value as Duration.DurationInput))
)

const textOf = (value: unknown): string =>
  Duration.isDuration(value)
    ? Duration.format(value)
    : typeof value === "string"
      ? JSON.stringify(withoutUserinfo(value))
      : toStringUnknown(value, 0)

const typeOf = (value: unknown): string => {
  if (value === null) return "null"
  if (Array.isArray(value)) return "an array"
  if (value instanceof Uint8Array) return `a Uint8Array of ${value.length} bytes`
  return isRecord(value) ? "an object" : `a ${typeof value}`
}

/**
 * Returns the error for the first invalid option. Options without a check pass. `of` is the prefix of option
 * names in errors, such as `tls.`.
 *
 * @since 0.1.0
 * @category refusals
 */
export const refuse = <O extends object>(
  given: O | undefined,
  checks: Checks<O>,
  of = ""
): InvalidOption | undefined => {
  if (given === undefined) return undefined
  if (!isRecord(given)) return invalid(of.slice(0, -1) || "options", noRecord, given)
  for (const [name, check] of Object.entries<Check | undefined>(checks)) {
    const value: unknown = given[name as keyof O]
    if (value === undefined || check === undefined) continue
    if (!check.is(value)) return invalid(of + name, check, value)
    if (check.inside === undefined || !isRecord(value)) continue
    const refused = refuseUnknown(value, check.inside, `${of}${name}.`)
    if (refused !== undefined) return refused
  }
  return undefined
}

// A value that is not a record can be anything, so the error shows only its type.
const noRecord: Check = { ...other("a record of options", isRecord), secret: true }

/**
 * Returns the error for an unknown option. `known` contains the names of the options that exist. The
 * value may be a secret that was passed as the wrong option, so the error shows only the type of the value.
 */
const unknown = (option: string, value: unknown, known: ReadonlyArray<string>): InvalidOption => {
  const hint = hintFor(option.slice(option.lastIndexOf(".") + 1), known)
  return new InvalidOption({
    option,
    code: "ERR_INVALID_ARG_VALUE",
    reason: `is not known${hint === undefined ? "" : ` (${hint})`}`,
    received: typeOf(value)
  })
}

/**
 * Returns the error for the first invalid option, as {@link refuse} does, or for an option without a check.
 *
 * @since 0.1.0
 * @category refusals
 */
export const refuseUnknown = (
  given: object | undefined,
  table: Table,
  of = ""
): InvalidOption | undefined => {
  const refused = refuse(given, table, of)
  if (refused !== undefined || given === undefined) return refused
  return refuseOthers(given, table, of)
}

/** Returns the error for the first option whose name is not in the table. Does not check values. */
export const refuseOthers = (
  given: object | undefined,
  table: Readonly<Record<string, unknown>>,
  of = ""
): InvalidOption | undefined => {
  // Use `for ... in`, which does not copy the names, because this check runs for every request.
  for (const name in given) {
    if (Object.hasOwn(table, name)) continue
    const value: unknown = given[name as never]
    if (value !== undefined) return unknown(of + name, value, Object.keys(table))
  }
  return undefined
}

const invalid = (option: string, check: Check, value: unknown): InvalidOption =>
  new InvalidOption({
    option,
    code: check.ordered ? "ERR_OUT_OF_RANGE" : "ERR_INVALID_ARG_VALUE",
    reason: `must be ${check.must}`,
    received: check.secret ? typeOf(value) : textOf(value)
  })

const ticketKeys = secret(
  other("a Uint8Array of 48 bytes", (value) => value instanceof Uint8Array && value.length === 48)
)

const dhparam = other(
  '"auto" or parameters as PEM',
  (value) => value === "auto" || (typeof value === "string" && value.includes("-----BEGIN "))
)

/** The checks of TLS options of clients and servers. Versions are checked when TLS is used. */
export const tls: Complete<TlsOptions> = {
  role: anything,
  certificates: anything,
  minVersion: anything,
  maxVersion: anything,
  serverName: string,
  checkServerIdentity: callback,
  cert: pem,
  key: secret(pem),
  ca: pems,
  rejectUnauthorized: boolean,
  requestCert: boolean,
  requireCloseNotify: boolean,
  passphrase: secret(string),
  pfx: secret(bytes),
  crl: pems,
  ciphers: string,
  dhparam,
  ecdhCurve: string,
  honorCipherOrder: boolean,
  sigalgs: string,
  secureOptions: integer(0),
  alpn: names,
  session: secret(bytes),
  onSession: callback,
  sessionIdContext: string,
  sessionTimeout: finiteDuration,
  ticketKeys
}
