/**
 * Decides which hosts are reached without a proxy. The input is a `NO_PROXY` list in the syntax of curl or of
 * Node.
 */

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
 * white space. The entry `*` matches every host. An entry `name:port` matches a host only with that port.
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
  const address = bytesOf(name)
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
  const from = first === undefined ? undefined : bytesOf(first)
  const to = last === undefined ? undefined : bytesOf(last)
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
  const [base = "", size] = what.split("/")
  const range = bytesOf(base)
  return range !== undefined && inRange(address, range, size === undefined ? range.length * 8 : Number(size))
}

const inRange = (address: ReadonlyArray<number>, range: ReadonlyArray<number>, bits: number): boolean => {
  if (address.length !== range.length || !(bits >= 0 && bits <= range.length * 8)) return false
  for (let i = 0; i * 8 < bits; i++) {
    const mask = bits - i * 8 >= 8 ? 255 : (255 << (8 - (bits - i * 8))) & 255
    if (((address[i] as number) & mask) !== ((range[i] as number) & mask)) return false
  }
  return true
}

/** Returns the bytes of an IP address that is given as text. Returns `undefined` for any other text. */
const bytesOf = (text: string): ReadonlyArray<number> | undefined => {
  const four = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (four !== null) {
    const bytes = four.slice(1).map(Number)
    return bytes.every((byte) => byte < 256) ? bytes : undefined
  }
  if (!/^[0-9a-f:]*:[0-9a-f:.]*$/.test(text)) return undefined
  const [head = "", tail, ...more] = text.split("::")
  if (more.length > 0) return undefined
  const front = groups(head)
  const back = tail === undefined ? [] : groups(tail)
  if (front === undefined || back === undefined) return undefined
  const missing = 16 - front.length - back.length
  if (tail === undefined ? missing !== 0 : missing < 2) return undefined
  return [...front, ...Array<number>(missing).fill(0), ...back]
}

const groups = (text: string): Array<number> | undefined => {
  const bytes: Array<number> = []
  if (text === "") return bytes
  for (const group of text.split(":")) {
    if (group.includes(".")) {
      const four = bytesOf(group)
      if (four === undefined) return undefined
      bytes.push(...four)
    } else if (/^[0-9a-f]{1,4}$/.test(group)) {
      const value = parseInt(group, 16)
      bytes.push(value >> 8, value & 255)
    } else return undefined
  }
  return bytes
}
