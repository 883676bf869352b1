/**
 * Decides which hosts are reached without a proxy. The input is a `NO_PROXY` list in the syntax of curl or of
 * Node.
 */
import { inRange, ipBytes, ipRange, unmapped } from "../model/ip.js"

/**
 * The syntax of a `NO_PROXY` list. In `curl` syntax a name also matches its subdomains, and `10.0.0.0/8` is a
 * network. In `node` syntax only `.name` and `*.name` match subdomains, and `10.0.0.1-10.0.0.9` is a range.
 *
 * @since 0.1.0
 * @category proxies
 */
export type NoProxyReading = "curl" | "node"

/**
 * Returns whether a host is reached without a proxy. The entries of `noProxy` are separated by commas and
 * white space. The entry `*` matches every host, and `name:port` matches only that port.
 *
 * @since 0.1.0
 * @category proxies
 */
export const isDirect = (
  noProxy: string,
  { host, port }: { readonly host: string; readonly port: number },
  reading: NoProxyReading
): boolean => {
  const entries = noProxy.toLowerCase().split(/[\s,]+/)
  const bare = host.toLowerCase().replace(/^\[|\]$/g, "")
  const name = reading === "curl" ? withoutDots(bare) : bare
  const address = ipBytes(name)
  return entries.some((entry) => {
    if (entry === "" || entry === "*") return entry === "*"
    return reading === "curl"
      ? matchesCurl(entry, name, address, port)
      : matchesNode(entry, name, address, port)
  })
}

/** Returns whether an entry of the list matches a host, by the rules of Node 24. */
const matchesNode = (
  entry: string,
  name: string,
  address: ReadonlyArray<number> | undefined,
  port: number
): boolean => {
  const [, first, last] = /^([\d.]+)-([\d.]+)$/.exec(entry) ?? []
  const from = first === undefined ? undefined : ipBytes(first)
  const to = last === undefined ? undefined : ipBytes(last)
  if (from !== undefined && to !== undefined)
    return address?.length === 4 && !isBefore(address, from) && !isBefore(to, address)
  const withPort = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(entry)
  if (withPort !== null && Number(withPort[2]) !== port) return false
  const what = (withPort?.[1] ?? entry).replace(/^\[|\]$/g, "").replace(/^\*/, "")
  return what.startsWith(".") ? name.endsWith(what) || name === what.slice(1) : name === what
}

const isBefore = (one: ReadonlyArray<number>, other: ReadonlyArray<number>): boolean => {
  const at = one.findIndex((byte, i) => byte !== other[i])
  return at >= 0 && one[at]! < other[at]!
}

const withoutDots = (name: string): string => name.replace(/^\./, "").replace(/\.$/, "")

/**
 * Returns whether an entry of the list matches a host, by the rules of curl. A name also matches its
 * subdomains, and an address may have a prefix length.
 */
const matchesCurl = (
  entry: string,
  name: string,
  address: ReadonlyArray<number> | undefined,
  port: number
): boolean => {
  const parts = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(entry)
  // An entry with several colons and without brackets is an IPv6 address without a port.
  const what = withoutDots(parts === null ? entry : (parts[1] ?? parts[2] ?? ""))
  if (parts?.[3] !== undefined && Number(parts[3]) !== port) return false
  if (address === undefined) return name === what || (what !== "" && name.endsWith(`.${what}`))
  const range = ipRange(what)
  return range !== undefined && inRange(unmapped(address), range)
}
