/**
 * The files that a wiretap exports: each field of a HAR file, and each packet of a pcap file. tshark, if
 * installed, reads the pcap file too.
 */
import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { tcp, unix, type Address } from "@httpfx/core/Transport"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"
import * as Simulation from "@httpfx/testing/Simulation"
import { Har, Pcap } from "@httpfx/testing/tools"
import { epoch } from "@httpfx/testing/VirtualClock"
import * as Wiretap from "@httpfx/testing/Wiretap"
import { conversation, type Line } from "../support/conversation.js"

const har = Effect.map(Wiretap.exchanges, Har.fromExchanges)
const pcap = Effect.map(Wiretap.recordings, Pcap.fromRecordings)

const recorded = <A>(
  view: Effect.Effect<A, never, Wiretap.Wiretap>,
  lines: ReadonlyArray<Line>,
  host?: string
) =>
  Simulation.run(
    { seed: 1 },
    Effect.andThen(conversation(lines, host), view).pipe(
      Effect.provide(Layer.provideMerge(Wiretap.layer(), MemoryNetwork.layer({ latency: 5 })))
    )
  )

const post =
  "POST /p?a=1&b=%20x HTTP/1.1\r\nHost: a.test\r\nCookie: k=v; l=w=x\r\nContent-Type: text/plain\r\n" +
  "Content-Length: 2\r\n\r\nhi"
const found =
  "HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 3\r\nContent-Type: application/octet-stream\r\n" +
  "Set-Cookie: s=1; Path=/; HttpOnly; Expires=Sat, 01 Jan 2000 01:00:00 GMT\r\n\r\n\x89P\xff"
const long = "x".repeat(4000)
const chunked = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfa0\r\n${long}\r\n0\r\n\r\n`
const talk: ReadonlyArray<Line> = [
  ["client", post],
  ["server", found],
  ["client", "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"],
  ["server", chunked],
  ["client", "FIN"],
  ["server", "FIN"]
]

describe("HAR 1.2", () => {
  it.effect("has the fields of the specification", () =>
    Effect.gen(function* () {
      const { log } = JSON.parse(JSON.stringify(yield* recorded(har, talk))) as Har.Har
      assert.strictEqual(log.version, "1.2")
      assert.deepStrictEqual(Object.keys(log.creator), ["name", "version"])
      const [first, second] = log.entries
      assert.deepStrictEqual(first, {
        startedDateTime: new Date(epoch + 10).toISOString(),
        time: 15,
        request: {
          method: "POST",
          url: "http://a.test/p?a=1&b=%20x",
          httpVersion: "HTTP/1.1",
          cookies: [
            { name: "k", value: "v" },
            { name: "l", value: "w=x" }
          ],
          headers: [
            { name: "Host", value: "a.test" },
            { name: "Cookie", value: "k=v; l=w=x" },
            { name: "Content-Type", value: "text/plain" },
            { name: "Content-Length", value: "2" }
          ],
          queryString: [
            { name: "a", value: "1" },
            { name: "b", value: " x" }
          ],
          postData: { mimeType: "text/plain", params: [], text: "hi" },
          headersSize: post.length - 2,
          bodySize: 2
        },
        response: {
          status: 302,
          statusText: "Found",
          httpVersion: "HTTP/1.1",
          cookies: [
            {
              name: "s",
              value: "1",
              path: "/",
              expires: "2000-01-01T01:00:00.000Z",
              httpOnly: true,
              secure: false
            }
          ],
          headers: [
            { name: "Location", value: "/next" },
            { name: "Content-Length", value: "3" },
            { name: "Content-Type", value: "application/octet-stream" },
            { name: "Set-Cookie", value: "s=1; Path=/; HttpOnly; Expires=Sat, 01 Jan 2000 01:00:00 GMT" }
          ],
          content: {
            size: 3,
            mimeType: "application/octet-stream",
            text: btoa("\x89P\xff"),
            encoding: "base64"
          },
          redirectURL: "/next",
          headersSize: found.length - 3,
          bodySize: 3
        },
        cache: {},
        timings: { blocked: -1, dns: -1, connect: -1, send: 0, wait: 15, receive: 0, ssl: -1 },
        serverIPAddress: "10.115.118.59",
        connection: "1"
      })
      assert.deepStrictEqual(second?.response.content, { size: 4000, mimeType: "", text: long })
      assert.strictEqual(second?.request.postData, undefined)
    })
  )

  it.effect("a request without a response", () =>
    Effect.gen(function* () {
      const { log } = yield* recorded(har, talk.slice(0, 1))
      assert.strictEqual(log.entries[0]?.response.status, 0)
    })
  )
})

interface Segment {
  readonly time: number
  readonly from: string
  readonly to: string
  readonly seq: number
  readonly ack: number
  readonly flags: string
  readonly payload: Uint8Array
}

/**
 * Adds all 16-bit words in one's complement. The sum is 0xffff if the contained checksum is right (RFC 1071).
 */
const folded = (bytes: Uint8Array): number => {
  let sum = 0
  bytes.forEach((byte, index) => (sum += index % 2 === 0 ? byte * 256 : byte))
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000)
  return sum
}

/** Parses a capture file and checks every packet. */
const decode = (file: Uint8Array): ReadonlyArray<Segment> => {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  assert.deepStrictEqual([view.getUint32(0), view.getUint16(4), view.getUint16(6)], [0xa1b2c3d4, 2, 4])
  assert.strictEqual(view.getUint32(20), 101)
  const segments: Array<Segment> = []
  for (let offset = 24; offset < file.length;) {
    const length = view.getUint32(offset + 8)
    assert.strictEqual(view.getUint32(offset + 12), length)
    const time = view.getUint32(offset) * 1000 + view.getUint32(offset + 4) / 1000
    const ip = file.subarray(offset + 16, offset + 16 + length)
    offset += 16 + length
    const v6 = ip[0]! >> 4 === 6
    if (!v6) assert.strictEqual(folded(ip.subarray(0, 20)), 0xffff, "IPv4 header checksum")
    assert.strictEqual(ip[v6 ? 6 : 9], 6, "TCP")
    const tcpBytes = ip.subarray(v6 ? 40 : 20)
    assert.strictEqual(v6 ? ip[4]! * 256 + ip[5]! + 40 : ip[2]! * 256 + ip[3]!, length, "length")
    const addresses = v6 ? ip.subarray(8, 40) : ip.subarray(12, 20)
    const pseudo = Uint8Array.of(...addresses, 0, 6, tcpBytes.length >> 8, tcpBytes.length & 255)
    assert.strictEqual(folded(Uint8Array.of(...pseudo, ...tcpBytes)), 0xffff, "TCP checksum")
    const fields = new DataView(tcpBytes.buffer, tcpBytes.byteOffset)
    const half = addresses.length / 2
    const bits = tcpBytes[13]!
    segments.push({
      time,
      from: `${addresses.subarray(0, half).join(".")}:${fields.getUint16(0)}`,
      to: `${addresses.subarray(half).join(".")}:${fields.getUint16(2)}`,
      seq: fields.getUint32(4),
      ack: fields.getUint32(8),
      flags: ["FIN", "SYN", "RST", "PSH", "ACK"].filter((_, bit) => (bits >> bit) & 1).join(" "),
      payload: tcpBytes.subarray((tcpBytes[12]! >> 4) * 4)
    })
  }
  return segments
}

/**
 * Joins the bytes that each end sent by their sequence numbers. Each ACK must have the next expected sequence
 * number.
 */
const reassemble = (segments: ReadonlyArray<Segment>): Record<string, string> => {
  const next: Record<string, number> = {}
  const streams: Record<string, string> = {}
  for (const { ack, flags, from, payload, seq, to } of segments) {
    if (flags.includes("SYN")) {
      next[from] = seq
      streams[from] = ""
    }
    assert.strictEqual(seq, next[from], "sequence number")
    if (flags.includes("ACK")) assert.strictEqual(ack, next[to], "acknowledgement number")
    streams[from] += String.fromCharCode(...payload)
    next[from] = seq + payload.length + (/SYN|FIN/.test(flags) ? 1 : 0)
  }
  return streams
}

const recording = (client: Address | undefined, server: Address): Wiretap.Recording => ({
  id: 3,
  side: "client",
  client,
  server,
  opened: 1000,
  events: [
    { _tag: "Bytes", at: 1001.5, from: "client", data: "abc" },
    { _tag: "Bytes", at: 1002, from: "server", data: new Uint8Array(3000).fill(122) },
    { _tag: "End", at: 1003, from: "server" },
    { _tag: "Reset", at: 1004, from: "client" },
    { _tag: "Close", at: 1004 }
  ]
})

const pcapOf = (recordings: ReadonlyArray<Wiretap.Recording>) =>
  Effect.provideService(pcap, Wiretap.Wiretap, {
    recordings,
    failures: [],
    clear: () => {},
    get network(): never {
      throw new Error("not used")
    }
  })

describe("pcap", () => {
  it.effect("a connection from handshake to FIN, with virtual times", () =>
    Effect.gen(function* () {
      const segments = decode(yield* recorded(pcap, talk))
      const [client, server] = [segments[0]!.from, segments[0]!.to]
      assert.deepStrictEqual(
        segments.slice(0, 3).map(({ flags, from }) => [from, flags]),
        [
          [client, "SYN"],
          [server, "SYN ACK"],
          [client, "ACK"]
        ]
      )
      assert.deepStrictEqual(reassemble(segments), {
        [client]: post + "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n",
        [server]: found + chunked
      })
      assert.deepStrictEqual(
        segments.filter(({ flags }) => flags.includes("FIN")).map(({ from }) => from),
        [client, server]
      )
      assert.isTrue(segments.every(({ payload }) => payload.length <= 1460))
      assert.strictEqual(segments[0]!.time, epoch + 10)
      assert.strictEqual(segments.find(({ payload }) => payload.length > 0)!.time, epoch + 10)
    })
  )

  const ends: ReadonlyArray<[string, Address | undefined, Address, string]> = [
    ["IPv4", tcp("192.0.2.1", 5000), tcp("192.0.2.2", 80), "192.0.2.2:80"],
    ["IPv6", tcp("fd00::1", 5000), tcp("2001:db8::2", 80), "32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.2:80"],
    ["IPv4 in IPv6", undefined, tcp("::ffff:192.0.2.2", 80), "0.0.0.0.0.0.0.0.0.0.255.255.192.0.2.2:80"],
    ["a path", undefined, unix("/run/x.sock"), "127.0.0.1:80"]
  ]
  for (const [name, client, server, shown] of ends) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const segments = decode(yield* pcapOf([recording(client, server)]))
        assert.strictEqual(segments[0]!.to, shown)
        const streams = reassemble(segments)
        assert.deepStrictEqual(Object.values(streams), ["abc", "z".repeat(3000)])
        assert.deepStrictEqual(segments.at(-1)!.flags, "RST ACK")
        assert.deepStrictEqual([segments[0]!.time, segments[3]!.time], [1000, 1001.5])
      })
    )
  }

  const tshark = spawnSync("tshark", ["--version"]).error === undefined
  if (!tshark) console.warn("tshark is not there: captures are only decoded by hand")
  it.effect.skipIf(!tshark)("tshark finds the HTTP messages and reports no errors", () =>
    Effect.gen(function* () {
      const folder = mkdtempSync(join(tmpdir(), "httpfx-pcap-"))
      const run = (...args: ReadonlyArray<string>) =>
        execFileSync("tshark", ["-r", join(folder, "x.pcap"), ...args], {
          encoding: "utf8",
          stdio: ["ignore", "pipe", "ignore"]
        }).trim()
      try {
        writeFileSync(join(folder, "x.pcap"), yield* recorded(pcap, talk))
        const checked = ["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
        const wrong =
          "_ws.malformed || tcp.analysis.flags || tcp.checksum.status == 0 || ip.checksum.status == 0 || _ws.expert.severity >= 6291456"
        assert.strictEqual(run(...checked, "-Y", wrong), "")
        const fields = ["-e", "http.request.method", "-e", "http.response.code"]
        const messages = run(...checked, "-Y", "http", "-T", "fields", ...fields).split("\n")
        assert.deepStrictEqual(
          messages.map((line) => line.trim()),
          ["POST", "302", "GET", "200"]
        )
      } finally {
        rmSync(folder, { recursive: true })
      }
    })
  )
})
