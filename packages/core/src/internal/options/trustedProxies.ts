/**
 * The option `trustedProxies` of a server: its type, and its conversion for `wire/receive/forwarded`.
 */
import { InvalidOption } from "../../errors/server.js"
import type { ForwardedField } from "../../model/client.js"
import { addressRanges } from "../../model/ip.js"
import type { TrustedHops } from "../../wire/receive/forwarded.js"
import * as Check from "./checks.js"

/**
 * The trusted proxies in front of a server, and the fields that these proxies write.
 *
 * @since 0.1.0
 * @category models
 */
export interface TrustedProxies {
  /**
   * The addresses of the proxies: IP addresses, ranges (`10.0.0.0/8`, `2001:db8::/32`), `loopback`
   * (`127.0.0.0/8`, `::1`), `private` (RFC 1918, RFC 4193) or `unix` (peers on a Unix domain socket, which
   * have no address). An IPv4 range also matches IPv4-mapped IPv6 addresses.
   */
  readonly from: ReadonlyArray<string>
  /**
   * The fields to trust: either `["forwarded"]` (RFC 7239), or some of the `x-forwarded-*` fields. All other
   * fields are ignored. Every trusted proxy must write these fields, or remove them if a client sent them.
   * Most proxies pass unknown fields on, so a client could forge a field that the proxy does not write.
   * Default `["x-forwarded-for", "x-forwarded-proto"]`.
   */
  readonly fields?: ReadonlyArray<ForwardedField> | undefined
  /**
   * Maximum number of trusted proxies that a request passed. If there were more, the client's address is
   * `undefined`. Default 16.
   */
  readonly maxProxies?: number | undefined
}

const fields: ReadonlySet<ForwardedField> = new Set<ForwardedField>([
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-forwarded-port"
])

const checks: Check.Complete<TrustedProxies> = {
  fields: Check.anything,
  from: Check.addresses,
  maxProxies: Check.integer(1)
}

const invalid = (option: string, reason: string, received: string): InvalidOption =>
  new InvalidOption({ option, code: "ERR_INVALID_ARG_VALUE", reason, received })

export const make = (
  given: ReadonlyArray<string> | TrustedProxies | undefined
): TrustedHops | InvalidOption | undefined => {
  if (given === undefined) return undefined
  const options: TrustedProxies = Array.isArray(given) ? { from: given } : (given as TrustedProxies)
  const of = "trustedProxies."
  const refused = Check.refuseUnknown(options, checks, of)
  if (refused !== undefined) return refused
  if (options.from === undefined) return invalid(`${of}from`, "must be a list of addresses", "undefined")
  const chosen = new Set<ForwardedField>(options.fields ?? ["x-forwarded-for", "x-forwarded-proto"])
  const foreign = [...chosen].find((field) => !fields.has(field))
  if (foreign !== undefined)
    return invalid(`${of}fields`, `must be some of ${[...fields].join()}`, String(foreign))
  if (chosen.has("forwarded") && chosen.size > 1)
    return invalid(`${of}fields`, "cannot combine forwarded with another field", [...chosen].join())
  return {
    ranges: options.from.flatMap((entry) => addressRanges(entry)!),
    unix: options.from.includes("unix"),
    fields: chosen,
    maxProxies: options.maxProxies ?? 16
  }
}
