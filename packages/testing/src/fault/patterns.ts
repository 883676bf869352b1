/**
 * Which connections a `Where` means.
 */
import { formatAddress } from "@httpfx/core/Transport"
import type { Pattern, Where } from "../Conditions.js"
import type { Endpoint, Link, Side } from "../Verdict.js"
import { plain } from "../network/names.js"

/** Whether a text matches, also where the expression has the flag `g` or `y` and goes on where it was. */
export const matches = (pattern: RegExp, text: string): boolean => {
  pattern.lastIndex = 0
  return pattern.test(text)
}

type Matches = (end: Endpoint) => boolean

const glob = (text: string): RegExp =>
  new RegExp(
    `^${text
      .split("*")
      .map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"))
      .join(".*")}$`,
    "s"
  )

// One colon separates a port; an IPv6 address with one stands in brackets.
const split = (pattern: string): { readonly host: string; readonly port: string } => {
  const [, host, port] = /^(\[.*\]|[^:]*):([\d*]+)$/.exec(pattern) ?? [undefined, pattern, "*"]
  return { host: plain(host!), port: port! }
}

const one = (pattern: string): Matches => {
  const whole = glob(pattern)
  const { host, port } = split(pattern)
  const hosts = glob(host)
  const ports = glob(port)
  return ({ address, names }) => {
    if (address?._tag === "UnixAddress") return whole.test(address.path)
    if (address === undefined) return pattern === "*" || names.some((name) => hosts.test(name))
    if (!ports.test(String(address.port))) return false
    return hosts.test(address.hostname) || names.some((name) => hosts.test(name))
  }
}

/** Whether an end is one of those that a pattern means. */
export const matcher = (pattern: Pattern | undefined): Matches => {
  if (pattern === undefined) return () => true
  const all = (typeof pattern === "string" ? [pattern] : pattern).map(one)
  return (end) => all.some((matches) => matches(end))
}

/** Whether what this side of a link sends is meant. Links are remembered, since they do not change. */
export const compile = (where: Where): ((link: Link, from?: Side) => boolean) => {
  const from = matcher(where.from)
  const to = matcher(where.to)
  const known = new WeakMap<Link, boolean>()
  return (link, side) => {
    if (where.sender !== undefined && side !== undefined && side !== where.sender) return false
    let found = known.get(link)
    if (found === undefined) {
      found =
        (where.connection === undefined || where.connection === link.id) &&
        from(link.client) &&
        to(link.server)
      known.set(link, found)
    }
    return found
  }
}

/** How an origin is called where faults count by it. */
export const originOf = ({ server: { address } }: Link): string =>
  address === undefined ? "" : formatAddress(address)
