/**
 * Parses IP addresses and ranges of IP addresses (CIDR, RFC 4632, RFC 4291 §2.3).
 *
 * Rejects every text that programs read differently, such as an address with a leading zero (some programs
 * read it as octal) or with fewer than four numbers.
 */

/** The 4 or 16 bytes of an address. */
export type IpBytes = ReadonlyArray<number>

const four = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/

const ipv4Bytes = (text: string): IpBytes | undefined => {
  const numbers = four.exec(text)?.slice(1)
  // Some programs read a leading zero as octal, so such an address is ambiguous.
  if (numbers === undefined || numbers.some((number) => number.length > 1 && number[0] === "0"))
    return undefined
  const bytes = numbers.map(Number)
  return bytes.every((byte) => byte < 256) ? bytes : undefined
}

const groups = (text: string, mayEndInIpv4: boolean): Array<number> | undefined => {
  const bytes: Array<number> = []
  if (text === "") return bytes
  const all = text.split(":")
  for (const [i, group] of all.entries()) {
    if (mayEndInIpv4 && i === all.length - 1 && group.includes(".")) {
      const last = ipv4Bytes(group)
      if (last === undefined) return undefined
      bytes.push(...last)
    } else if (/^[0-9a-f]{1,4}$/.test(group)) {
      const value = parseInt(group, 16)
      bytes.push(value >> 8, value & 255)
    } else return undefined
  }
  return bytes
}

/** Returns the bytes of an IP address that is given as text. Returns `undefined` for any other text. */
export const ipBytes = (given: string): IpBytes | undefined => {
  // The text of an IPv6 address has at most 45 characters.
  if (given.length > 45) return undefined
  if (!given.includes(":")) return ipv4Bytes(given)
  const [head = "", tail, ...more] = given.toLowerCase().split("::")
  if (more.length > 0) return undefined
  const front = groups(head, tail === undefined)
  const back = tail === undefined ? [] : groups(tail, true)
  if (front === undefined || back === undefined) return undefined
  const missing = 16 - front.length - back.length
  if (tail === undefined ? missing !== 0 : missing < 2) return undefined
  return [...front, ...Array<number>(missing).fill(0), ...back]
}

const isMapped = (bytes: IpBytes): boolean =>
  bytes.length === 16 && bytes.every((byte, i) => i >= 12 || byte === (i < 10 ? 0 : 255))

/** Converts an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) to IPv4. Returns other addresses unchanged. */
export const unmapped = (bytes: IpBytes): IpBytes => (isMapped(bytes) ? bytes.slice(12) : bytes)

/** Returns the canonical text of an address (RFC 5952 §4). */
export const formatIp = (bytes: IpBytes): string => {
  if (bytes.length === 4) return bytes.join(".")
  const words = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!)
  let start = -1
  let length = 1
  for (let i = 0; i < 8; i++) {
    let end = i
    while (end < 8 && words[end] === 0) end++
    if (end - i > length) [start, length] = [i, end - i]
  }
  const hex = (part: ReadonlyArray<number>) => part.map((word) => word.toString(16)).join(":")
  return start < 0 ? hex(words) : `${hex(words.slice(0, start))}::${hex(words.slice(start + length))}`
}

/** Addresses with a common prefix of `bits` bits. */
export interface IpRange {
  readonly bytes: IpBytes
  readonly bits: number
}

/**
 * Returns the range that the text describes, such as `192.0.2.0/24`, `2001:db8::/32` or a single address.
 * Returns `undefined` for any other text.
 */
export const ipRange = (text: string): IpRange | undefined => {
  const [, address = "", size] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const bytes = ipBytes(address)
  if (bytes === undefined) return undefined
  const most = bytes.length * 8
  const bits = size === undefined ? most : Number(size)
  if (bits > most) return undefined
  return isMapped(bytes) && bits >= 96 ? { bytes: bytes.slice(12), bits: bits - 96 } : { bytes, bits }
}

export const inRange = (address: IpBytes, { bits, bytes }: IpRange): boolean => {
  if (address.length !== bytes.length) return false
  for (let i = 0; i * 8 < bits; i++) {
    const mask = bits - i * 8 >= 8 ? 255 : (255 << (8 - (bits - i * 8))) & 255
    if ((address[i]! & mask) !== (bytes[i]! & mask)) return false
  }
  return true
}

const named: Readonly<Record<string, ReadonlyArray<string>>> = {
  loopback: ["127.0.0.0/8", "::1"],
  private: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
  unix: []
}

/**
 * Returns the ranges for an entry in a list of trusted peers: an address, a range, `loopback`, `private` or
 * `unix`. The entry `unix` yields an empty list, because Unix domain sockets have no IP address. Returns
 * `undefined` for any other text.
 */
export const addressRanges = (entry: string): ReadonlyArray<IpRange> | undefined => {
  if (Object.hasOwn(named, entry)) return named[entry]!.map((range) => ipRange(range)!)
  const range = ipRange(entry)
  return range === undefined ? undefined : [range]
}
