/** Compiles patterns, and selections of type `Where`, to predicates. */
import { formatAddress } from "@httpfx/core/Transport"
import type { Pattern, Where } from "../Conditions.js"
import type { Endpoint, Link, Side } from "../Verdict.js"
import { plain } from "../network/names.js"

/**
 * Returns whether a text matches. A pattern with the flag `g` or `y` starts matching at `lastIndex`, so
 * `lastIndex` is reset first.
 */
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

// A single colon separates host and port. An IPv6 address has several colons, so it needs brackets if a port
// follows.
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

/**
 * Creates a predicate for the endpoints that a pattern selects. Without a pattern, every endpoint matches.
 */
export const matcher = (pattern: Pattern | undefined): Matches => {
  if (pattern === undefined) return () => true
  const all = (typeof pattern === "string" ? [pattern] : pattern).map(one)
  return (end) => all.some((matches) => matches(end))
}

/**
 * Creates a predicate for links. If the predicate is called with the sending end, it also checks that end.
 * Results are cached per link, because links never change.
 */
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

/** Returns the key under which faults count the messages of an origin. */
export const originOf = ({ server: { address } }: Link): string =>
  address === undefined ? "" : formatAddress(address)
