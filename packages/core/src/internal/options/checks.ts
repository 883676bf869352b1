/**
 * Checks of option values, arranged in tables. An invalid value is refused with an error that names option
 * and requirement, and never converted. TypeScript requires the same, but configurations and JavaScript
 * callers bypass its types.
 *
 * This file has the tables that several records of options share: `sizes` (limits of the parser), `flags` and
 * `tls`. The table for one record is in the file of that record.
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

/**
 * A requirement and its test. The test is never called for `undefined`, which means that the option is
 * omitted.
 */
export interface Check {
  readonly must: string
  /**
   * Whether the option is a number or a duration. If so, the error of an invalid value has the code
   * `ERR_OUT_OF_RANGE`.
   */
  readonly ordered: boolean
  readonly is: (value: unknown) => boolean
  /** Whether the value is secret. Errors show only the type of a secret value. */
  readonly secret?: true
}

/** The check of each option of `O`. Options without an entry are checked where they are used. */
export type Checks<O> = { readonly [K in keyof O]?: Check }

const ordered = (must: string, is: (value: unknown) => boolean): Check => ({ must, ordered: true, is })
const other = (must: string, is: (value: unknown) => boolean): Check => ({ must, ordered: false, is })

const secret = (check: Check): Check => ({ ...check, secret: true })

export const integer = (least: number): Check =>
  ordered(`an integer >= ${least}`, (value) => Number.isSafeInteger(value) && (value as number) >= least)

/** The check of an integer, or of `Infinity` for no limit. */
export const limit = (least: number): Check =>
  ordered(
    `an integer >= ${least}, or Infinity`,
    (value) => value === Infinity || (Number.isSafeInteger(value) && (value as number) >= least)
  )

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
export const boolean = other("a boolean", (value) => typeof value === "boolean")
export const string = other("a string", (value) => typeof value === "string")
export const callback = other("a function", (value) => typeof value === "function")
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
export const oneOf = (...values: ReadonlyArray<string>): Check =>
  other(values.map((value) => JSON.stringify(value)).join(" or "), (value) =>
    values.includes(value as string)
  )

export const bytes = other("a Uint8Array", (value) => value instanceof Uint8Array)
// Accepts bytes as well as text, because PEM files are often read as bytes.
const pem = other("a string", (value) => typeof value === "string" || value instanceof Uint8Array)
const pems = other("a string or an array of strings", (value) =>
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
export const sizes: Checks<Limits> = {
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

/** The check of a duration: zero or more, or `Infinity`. */
export const duration: Check = ordered("a duration >= 0", isDuration)
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
 * Returns the error for the first invalid option. `of` is the prefix of option names in errors, such as
 * `tls.`.
 */
export const refuse = <O extends object>(
  given: O | undefined,
  checks: Checks<O>,
  of = ""
): InvalidOption | undefined => {
  if (given === undefined) return undefined
  if (!isRecord(given)) return invalid(of.slice(0, -1), other("a record of options", isRecord), given)
  for (const [name, check] of Object.entries<Check | undefined>(checks)) {
    const value: unknown = given[name as keyof O]
    if (value !== undefined && check?.is(value) === false) return invalid(of + name, check, value)
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

/** TLS options of clients and servers. Unknown options are refused where TLS is used (`known.ts`). */
export const tls: Checks<TlsOptions> = {
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
