/**
 * Finds the client of a request that came through proxies: its address, scheme and host, from `Forwarded`
 * (RFC 7239) or the `X-Forwarded-*` fields.
 *
 * Each proxy appends an entry, so the search starts at the last entry, and stops at the first address that is
 * not a trusted proxy. Never reads an entry that only an untrusted peer can have written.
 */
import { plainHost, type Address } from "../../model/address.js"
import type { ClientFacts, ForwardedField } from "../../model/client.js"
import { formatIp, inRange, ipBytes, unmapped, type IpBytes, type IpRange } from "../../model/ip.js"
import { isAuthority } from "../grammar/host.js"
import { trimBlanks } from "../grammar/lists.js"

/** The proxies to trust, and the fields that these proxies write. */
export interface TrustedHops {
  readonly ranges: ReadonlyArray<IpRange>
  /** Whether peers on Unix domain sockets are trusted. */
  readonly unix: boolean
  readonly fields: ReadonlySet<ForwardedField>
  /** Maximum number of trusted proxies of one request. */
  readonly maxProxies: number
}

/** The parts of a request that identify its client. */
export interface Received {
  readonly rawHeaders: ReadonlyArray<string>
  /** The peer's end of the connection. */
  readonly peer: Address | undefined
  /** Whether the connection uses TLS. */
  readonly secure: boolean
  /** The host of the target, or the value of `Host`. */
  readonly host: string | undefined
}

interface Node {
  readonly bytes: IpBytes
  readonly port: number | undefined
}

type Hop = Partial<Record<"for" | "proto" | "host", string>>

/**
 * Returns the client of a request. The result is the peer if `trust` is `undefined` or the peer is not a
 * trusted proxy.
 */
export const clientOf = (received: Received, trust: TrustedHops | undefined): ClientFacts => {
  const { host, peer, secure } = received
  const tcp = peer?._tag === "TcpAddress" ? peer : undefined
  const direct: ClientFacts = {
    address: tcp === undefined ? undefined : plainHost(tcp.hostname),
    port: tcp?.port,
    scheme: secure ? "https" : "http",
    host
  }
  if (trust === undefined || !trustsPeer(peer, trust)) return direct
  return trust.fields.has("forwarded")
    ? forwarded(received, direct, trust)
    : xForwarded(received, direct, trust)
}

/**
 * Returns the address of the client of a request whose head was refused. `undefined` if a trusted proxy sent
 * the head, because its fields were not read.
 */
export const clientOfRefused = (
  peer: Address | undefined,
  trust: TrustedHops | undefined
): string | undefined =>
  peer?._tag !== "TcpAddress" || (trust !== undefined && trustsPeer(peer, trust)) ? undefined : peer.hostname

const trustsPeer = (peer: Address | undefined, trust: TrustedHops): boolean => {
  if (peer?._tag !== "TcpAddress") return trust.unix
  const node = nodeOf(peer.hostname)
  return node !== undefined && isTrusted(node, trust)
}

const isTrusted = ({ bytes }: Node, { ranges }: TrustedHops): boolean =>
  ranges.some((range) => inRange(bytes, range))

// ---- `X-Forwarded-*`: each field is a list

const xForwarded = (received: Received, direct: ClientFacts, trust: TrustedHops): ClientFacts => {
  const list = (name: ForwardedField): ReadonlyArray<string> =>
    trust.fields.has(name)
      ? linesOf(received, name).flatMap((line) => line.split(",").map(trimBlanks).filter(isNotEmpty))
      : []
  const addresses = list("x-forwarded-for")
  const { client, hops } = walk(addresses.length, trust, (i) => nodeOf(addresses[i]!), direct)
  // Each proxy appends to every list, so the outermost trusted proxy's value has the same distance from the
  // end in every list. A shorter list means that some proxies append nothing, so take the first value.
  const told = (name: ForwardedField): string | undefined => {
    const values = list(name)
    return values[Math.max(0, values.length - Math.max(hops, 1))]
  }
  const scheme = schemeOf(told("x-forwarded-proto")) ?? direct.scheme
  const host = hostOf(told("x-forwarded-host")) ?? direct.host
  return { ...client, scheme, host: withPort(host, told("x-forwarded-port"), scheme) }
}

const isNotEmpty = (value: string): boolean => value !== ""

const withPort = (
  host: string | undefined,
  port: string | undefined,
  scheme: "http" | "https"
): string | undefined => {
  if (host === undefined || port === undefined || !/^[1-9]\d{0,4}$/.test(port) || Number(port) > 65_535)
    return host
  const name = host.replace(/:\d*$/, "")
  return port === (scheme === "https" ? "443" : "80") ? name : `${name}:${port}`
}

// ---- `Forwarded`: one list with an element per proxy

const forwarded = (received: Received, direct: ClientFacts, trust: TrustedHops): ClientFacts => {
  const hops: Array<Hop | undefined> = []
  // Drop all elements of a malformed line, because a client's unclosed quote could hide a proxy's element.
  for (const line of linesOf(received, "forwarded")) hops.push(...(elementsOf(line) ?? [undefined]))
  const found = walk(hops.length, trust, (i) => nodeOf(hops[i]?.for ?? ""), direct)
  const outermost = hops[hops.length - Math.max(found.hops, 1)]
  return {
    ...found.client,
    scheme: schemeOf(outermost?.proto) ?? direct.scheme,
    host: hostOf(outermost?.host) ?? direct.host
  }
}

const pair =
  /[ \t]*(?:([!#$%&'*+.^_`|~\w-]+)=(?:([!#$%&'*+.^_`|~\w-]+)|"((?:[^"\\]|\\[^])*)"))?[ \t]*([;,]|$)/y

/** Returns the elements of a field line (RFC 7239 §4); `undefined` if the line is malformed. */
const elementsOf = (line: string): ReadonlyArray<Hop> | undefined => {
  const elements: Array<Hop> = []
  let element: Map<string, string> = new Map()
  pair.lastIndex = 0
  for (;;) {
    const match = pair.exec(line)
    if (match === null) return undefined
    const [, name, token, quoted, end] = match
    if (name !== undefined) {
      const key = name.toLowerCase()
      if (element.has(key)) return undefined
      element.set(key, token ?? quoted!.replace(/\\([^])/g, "$1"))
    }
    if (end === ";") continue
    if (element.size > 0) elements.push(Object.fromEntries(element))
    if (end === "") return elements
    element = new Map()
  }
}

// ---- Functions for both kinds of fields

const linesOf = ({ rawHeaders }: Received, name: string): Array<string> => {
  const lines: Array<string> = []
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]!.length === name.length && rawHeaders[i]!.toLowerCase() === name)
      lines.push(rawHeaders[i + 1]!)
  return lines
}

const unknown: Pick<ClientFacts, "address" | "port"> = { address: undefined, port: undefined }

/**
 * Goes from the last of `length` entries back to the first that is not a trusted proxy. In the result, `hops`
 * is the number of entries that trusted proxies wrote.
 */
const walk = (
  length: number,
  trust: TrustedHops,
  nodeAt: (i: number) => Node | undefined,
  { address, port }: ClientFacts
): { readonly client: Pick<ClientFacts, "address" | "port">; readonly hops: number } => {
  let client: Pick<ClientFacts, "address" | "port"> = { address, port }
  for (let hops = 1; hops <= length; hops++) {
    if (hops > trust.maxProxies) return { client: unknown, hops: hops - 1 }
    const node = nodeAt(length - hops)
    if (node === undefined) return { client: unknown, hops }
    client = { address: formatIp(node.bytes), port: node.port }
    if (!isTrusted(node, trust)) return { client, hops }
  }
  return { client, hops: length }
}

const bracketed = /^\[([^\]]*:[^\]]*)\](?::(\d{1,5}|_[\w.-]+))?$/
const plain = /^([^:]*)(?::(\d{1,5}|_[\w.-]+))?$/

/**
 * Returns the address and port of a node (RFC 7239 §6). Returns `undefined` for any other text, such as
 * `unknown` or an obfuscated identifier. An IPv6 address needs brackets only before a port.
 */
const nodeOf = (text: string): Node | undefined => {
  const [, address = text, port] = bracketed.exec(text) ?? plain.exec(text) ?? []
  const bytes = ipBytes(address.includes(":") ? address.replace(/%[\w.~-]+$/, "") : address)
  if (bytes === undefined) return undefined
  const number = port === undefined || port[0] === "_" ? undefined : Number(port)
  if (number !== undefined && number > 65_535) return undefined
  return { bytes: unmapped(bytes), port: number === 0 ? undefined : number }
}

const schemes: Readonly<Record<string, "http" | "https">> = {
  http: "http",
  https: "https",
  // Some proxies report `ws` or `wss` for a WebSocket.
  ws: "http",
  wss: "https"
}

const schemeOf = (value: string | undefined): "http" | "https" | undefined => {
  const name = value?.toLowerCase()
  return name !== undefined && Object.hasOwn(schemes, name) ? schemes[name] : undefined
}

const hostOf = (value: string | undefined): string | undefined =>
  value !== undefined && isAuthority(value) ? value : undefined
