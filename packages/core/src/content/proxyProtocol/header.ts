/**
 * Parses the header of the PROXY protocol (HAProxy, `doc/proxy-protocol.txt`, versions 1 and 2): bytes in,
 * addresses out.
 *
 * Never guesses: a header is refused at its first byte that no header can have there.
 */
import { tcp, unix, type Address } from "../../Transport.js"
import { formatIp, ipBytes, unmapped } from "../../model/ip.js"

/** The addresses that a header tells. Without addresses, those of the connection itself hold. */
export interface Header {
  readonly _tag: "Header"
  /** Length of the header in bytes. */
  readonly length: number
  readonly ends: { readonly source: Address; readonly destination: Address } | undefined
}

/** A header that is refused. */
export interface Refused {
  readonly _tag: "Refused"
  readonly problem: "Malformed" | "TooLong"
  readonly reason: string
}

/** The largest header of version 1, its CRLF included (§2.1). */
const longestLine = 107
const prefix = [..."PROXY "].map((char) => char.charCodeAt(0))
const signature = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]

const malformed = (reason: string): Refused => ({ _tag: "Refused", problem: "Malformed", reason })
const tooLong = (reason: string): Refused => ({ _tag: "Refused", problem: "TooLong", reason })

/**
 * Reads the header at the beginning of `bytes`. Returns `undefined` if more bytes are needed. `maxSize` is
 * the maximum size of a header of version 2.
 */
export const readHeader = (bytes: Uint8Array, maxSize: number): Header | Refused | undefined => {
  if (bytes.length === 0) return undefined
  if (bytes[0] === prefix[0]) return begins(bytes, prefix) ? readLine(bytes) : neither
  if (bytes[0] === signature[0]) return begins(bytes, signature) ? readBinary(bytes, maxSize) : neither
  return neither
}

const neither = malformed("the connection does not begin with a PROXY header")

const begins = (bytes: Uint8Array, expected: ReadonlyArray<number>): boolean =>
  expected.every((byte, i) => i >= bytes.length || bytes[i] === byte)

// ---- version 1: a line of text

const line = /^PROXY (TCP[46]) ([^ ]+) ([^ ]+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})$/

const readLine = (bytes: Uint8Array): Header | Refused | undefined => {
  const cr = bytes.indexOf(13)
  const lf = bytes.indexOf(10)
  const end = cr < 0 ? lf : lf < 0 ? cr : Math.min(cr, lf)
  if (end < 0 && bytes.length < longestLine) return undefined
  // The line feed must be within the limit too.
  if (end < 0 || end > longestLine - 2)
    return tooLong(`a header of version 1 has at most ${longestLine} bytes`)
  if (bytes[end] !== 13) return malformed("a line feed without a carriage return")
  if (bytes.length === end + 1) return undefined
  if (bytes[end + 1] !== 10) return malformed("a carriage return without a line feed")
  const text = String.fromCharCode(...bytes.subarray(0, end))
  const length = end + 2
  // §2.1: whatever follows UNKNOWN is ignored.
  if (/^PROXY UNKNOWN(?: |$)/.test(text)) return { _tag: "Header", length, ends: undefined }
  const match = line.exec(text)
  if (match === null) return malformed("a header of version 1 with other parts")
  const [, protocol, from = "", to = "", fromPort, toPort] = match
  const size = protocol === "TCP4" ? 4 : 16
  const source = endOf(ipBytes(from), size, Number(fromPort))
  const destination = endOf(ipBytes(to), size, Number(toPort))
  if (source === undefined || destination === undefined)
    return malformed(`an address or port that does not fit ${protocol}`)
  return { _tag: "Header", length, ends: { source, destination } }
}

const endOf = (ip: ReadonlyArray<number> | undefined, size: number, port: number): Address | undefined =>
  ip?.length === size && port <= 65_535 ? tcp(formatIp(unmapped(ip)), port) : undefined

// ---- version 2: binary

const local = 0x20
const proxied = 0x21

/** Bytes of both addresses (§2.2), by the byte of family and protocol. */
const sizes: Readonly<Record<number, number>> = { 0x00: 0, 0x11: 12, 0x21: 36, 0x31: 216 }

const readBinary = (bytes: Uint8Array, maxSize: number): Header | Refused | undefined => {
  const command = bytes[12]
  if (command === undefined) return undefined
  if (command !== local && command !== proxied)
    return malformed(`version and command 0x${command.toString(16)} of a binary header`)
  const family = bytes[13]
  if (family === undefined) return undefined
  const size = sizes[family]
  // §2.2: a receiver ignores the addresses of LOCAL, of whatever family.
  if (size === undefined && command === proxied)
    return malformed(`family and protocol 0x${family.toString(16)} of a binary header`)
  if (bytes.length < 16) return undefined
  const rest = (bytes[14]! << 8) | bytes[15]!
  const length = 16 + rest
  if (length > maxSize) return tooLong(`a header of ${length} bytes, of at most ${maxSize}`)
  if (command === proxied && rest < size!) return malformed(`a header that is too short for its addresses`)
  if (bytes.length < length) return undefined
  const ends = command === proxied && size! > 0 ? endsOf(family, bytes.subarray(16, length)) : undefined
  return { _tag: "Header", length, ends }
}

const endsOf = (family: number, bytes: Uint8Array): Header["ends"] => {
  if (family === 0x31) return { source: pathOf(bytes, 0), destination: pathOf(bytes, 108) }
  const size = family === 0x11 ? 4 : 16
  const end = (address: number, port: number) =>
    tcp(
      formatIp(unmapped([...bytes.subarray(address, address + size)])),
      (bytes[port]! << 8) | bytes[port + 1]!
    )
  return { source: end(0, 2 * size), destination: end(size, 2 * size + 2) }
}

const decoder = new TextDecoder()

const pathOf = (bytes: Uint8Array, start: number): Address => {
  const path = bytes.subarray(start, start + 108)
  const end = path.indexOf(0)
  return unix(decoder.decode(end < 0 ? path : path.subarray(0, end)))
}
