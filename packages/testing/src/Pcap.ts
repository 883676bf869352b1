/**
 * Converts recordings to a capture file in the classic pcap format (draft-ietf-opsawg-pcap). The link type is
 * RAW (101), so each packet starts with its IP header.
 *
 * Payloads and times come from the recording. The IP and TCP headers are synthetic: a handshake when the
 * connection opens, segments of at most 1460 bytes, an ACK for each event, FIN and RST. Sequence numbers
 * follow RFC 9293.
 *
 * @since 0.1.0
 */
import type { Address } from "@httpfx/core/Transport"
import type { Recording, Side, TapEvent } from "./tap/transport.js"
import { bytesOf } from "./tap/wireText.js"

const Flag = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16 } as const
const segment = 1460
const tcpHeader = 20

interface Endpoint {
  readonly ip: Uint8Array
  readonly port: number
}

interface Packet {
  readonly at: number
  readonly bytes: Uint8Array
}

/** Parses an IP address into 4 or 16 bytes. Returns `undefined` if the text is not an IP address. */
const ipBytes = (text: string): Uint8Array | undefined => {
  if (!text.includes(":")) {
    const parts = text.split(".").map(Number)
    const valid =
      parts.length === 4 && parts.every((part) => Number.isInteger(part) && part >= 0 && part < 256)
    return valid ? Uint8Array.from(parts) : undefined
  }
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)
  const tail = dotted === null ? undefined : ipBytes(dotted[2]!)
  const plain = (
    tail === undefined
      ? text
      : `${dotted![1]!}${((tail[0]! << 8) | tail[1]!).toString(16)}:${((tail[2]! << 8) | tail[3]!).toString(16)}`
  ).replace(/%.*$/, "")
  const [head = "", rest] = plain.split("::")
  const groups = (part: string) =>
    part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16))
  const [left, right] = [groups(head), rest === undefined ? [] : groups(rest)]
  const gap = 8 - left.length - right.length
  if (gap < 0 || (rest === undefined && gap > 0)) return undefined
  const all = [...left, ...new Array<number>(gap).fill(0), ...right]
  if (all.some((group) => !(group >= 0 && group <= 0xffff))) return undefined
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 255]))
}

const endpoint = (address: Address | undefined, made: Endpoint): Endpoint => {
  const ip = address?._tag === "TcpAddress" ? ipBytes(address.hostname) : undefined
  return ip === undefined || address?._tag !== "TcpAddress" ? made : { ip, port: address.port }
}

const loopback = (like?: Uint8Array) => ipBytes(like?.length === 16 ? "::1" : "127.0.0.1")!

const endpoints = ({ client, id, server }: Recording): Readonly<Record<Side, Endpoint>> => {
  const to = endpoint(server, { ip: loopback(), port: 80 })
  const made = { ip: loopback(to.ip), port: 1024 + (id % 60000) }
  const from = endpoint(client, made)
  return { client: from.ip.length === to.ip.length ? from : made, server: to }
}

/** Computes the Internet checksum (RFC 1071). */
const checksum = (...parts: ReadonlyArray<Uint8Array>): number => {
  let sum = 0
  for (const part of parts) {
    for (let index = 0; index < part.length; index += 2) {
      sum += (part[index]! << 8) | (part[index + 1] ?? 0)
      if (sum > 0xffff) sum = (sum & 0xffff) + 1
    }
  }
  return ~sum & 0xffff
}

/** Encodes a TCP segment (RFC 9293 section 3.1) in an IPv4 (RFC 791) or IPv6 (RFC 8200) packet. */
const packet = (
  from: Endpoint,
  to: Endpoint,
  fields: { readonly seq: number; readonly ack: number; readonly flags: number; readonly id: number },
  payload: Uint8Array
): Uint8Array => {
  const v6 = from.ip.length === 16
  const header = v6 ? 40 : 20
  const length = tcpHeader + payload.length
  const bytes = new Uint8Array(header + length)
  const view = new DataView(bytes.buffer)
  const addresses = v6 ? 8 : 12
  if (v6) {
    view.setUint32(0, 0x60000000)
    view.setUint16(4, length)
    view.setUint16(6, 0x0640)
  } else {
    view.setUint16(0, 0x4500)
    view.setUint16(2, bytes.length)
    view.setUint16(4, fields.id & 0xffff)
    view.setUint32(6, 0x40004006)
  }
  bytes.set(from.ip, addresses)
  bytes.set(to.ip, addresses + from.ip.length)
  if (!v6) view.setUint16(10, checksum(bytes.subarray(0, header)))
  view.setUint16(header, from.port)
  view.setUint16(header + 2, to.port)
  view.setUint32(header + 4, fields.seq)
  view.setUint32(header + 8, fields.ack)
  view.setUint16(header + 12, 0x5000 | fields.flags)
  view.setUint16(header + 14, 0xffff)
  bytes.set(payload, header + tcpHeader)
  // The TCP checksum also covers a pseudo header, which contains addresses, length and the protocol number 6.
  const pseudo = Uint8Array.of(0, 0, length >> 8, length & 255, 0, 6)
  view.setUint16(header + 16, checksum(from.ip, to.ip, pseudo, bytes.subarray(header)))
  return bytes
}

const empty = new Uint8Array(0)
const other = (side: Side): Side => (side === "client" ? "server" : "client")

class Conversation {
  readonly packets: Array<Packet> = []
  private readonly ends: Readonly<Record<Side, Endpoint>>
  private readonly next: Record<Side, number> = { client: 1000, server: 5000 }
  private readonly finished: Record<Side, boolean> = { client: false, server: false }
  private over = false

  constructor(private readonly recording: Recording) {
    this.ends = endpoints(recording)
    const { opened } = recording
    this.send(opened, "client", Flag.syn)
    this.send(opened, "server", Flag.syn | Flag.ack)
    this.send(opened, "client", Flag.ack)
    for (const event of recording.events) this.add(event)
  }

  private add(event: TapEvent): void {
    const { at } = event
    if (this.over) return
    switch (event._tag) {
      case "Bytes": {
        if (this.finished[event.from]) return
        const bytes = typeof event.data === "string" ? bytesOf(event.data) : event.data
        for (let offset = 0; offset < bytes.length; offset += segment) {
          const last = offset + segment >= bytes.length
          const piece = bytes.subarray(offset, offset + segment)
          this.send(at, event.from, last ? Flag.psh | Flag.ack : Flag.ack, piece)
        }
        return this.send(at, other(event.from), Flag.ack)
      }
      case "Skipped":
        // Leave a gap in the sequence numbers, so that a reader of the file sees that bytes are missing.
        this.next[event.from] = (this.next[event.from] + event.bytes) >>> 0
        return
      case "End":
        if (this.finished[event.from]) return
        this.finished[event.from] = true
        this.send(at, event.from, Flag.fin | Flag.ack)
        return this.send(at, other(event.from), Flag.ack)
      case "Reset":
        this.over = true
        // If both directions have sent FIN, the connection is already closed, so write no RST.
        if (!this.finished.client || !this.finished.server) this.send(at, event.from, Flag.rst | Flag.ack)
        return
      case "Fault":
        this.over = true
        return this.send(at, other(this.recording.side), Flag.rst | Flag.ack)
      default:
        return
    }
  }

  private send(at: number, from: Side, flags: number, payload: Uint8Array = empty): void {
    const to = other(from)
    const seq = this.next[from]
    const ack = (flags & Flag.ack) === 0 ? 0 : this.next[to]
    const fields = { seq, ack, flags, id: this.packets.length + 1 }
    this.packets.push({ at, bytes: packet(this.ends[from], this.ends[to], fields, payload) })
    this.next[from] = (seq + payload.length + ((flags & (Flag.syn | Flag.fin)) === 0 ? 0 : 1)) >>> 0
  }
}

/**
 * Converts recorded connections, such as those of `Wiretap.recordings`, to a capture file for `tshark` and
 * Wireshark. Packets are ordered by time. In the file, Unix sockets have loopback addresses.
 *
 * @example
 * import { Wiretap } from "@httpfx/testing"
 * import { Pcap } from "@httpfx/testing/tools"
 * import { Effect } from "effect"
 *
 * const file = Effect.map(Wiretap.recordings, Pcap.fromRecordings)
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromRecordings = (recordings: ReadonlyArray<Recording>): Uint8Array => {
  const packets = recordings.flatMap((recording) => new Conversation(recording).packets)
  packets.sort((a, b) => a.at - b.at)
  const file = new Uint8Array(packets.reduce((sum, { bytes }) => sum + 16 + bytes.length, 24))
  const view = new DataView(file.buffer)
  view.setUint32(0, 0xa1b2c3d4)
  view.setUint16(4, 2)
  view.setUint16(6, 4)
  view.setUint32(16, 0x40000)
  view.setUint32(20, 101)
  let offset = 24
  for (const { at, bytes } of packets) {
    const micros = Math.round(at * 1000)
    view.setUint32(offset, Math.floor(micros / 1_000_000))
    view.setUint32(offset + 4, micros % 1_000_000)
    view.setUint32(offset + 8, bytes.length)
    view.setUint32(offset + 12, bytes.length)
    file.set(bytes, offset + 16)
    offset += 16 + bytes.length
  }
  return file
}
