/** The fields that Node adds to a head. Compares every set of facts with Node's `ServerResponse`. */
import * as http from "node:http"
import { describe, expect, it } from "vitest"
import {
  expectationOf,
  nodeField,
  NodeField,
  nodeHead,
  NodeTrait,
  saysChunked,
  saysClose
} from "@httpfx/core/wire"

/**
 * The internal state of Node's outgoing message
 * (https://github.com/nodejs/node/blob/v20.x/lib/_http_outgoing.js).
 */
interface Inner {
  shouldKeepAlive: boolean
  chunkedEncoding: boolean
  useChunkedEncodingByDefault: boolean
  sendDate: boolean
  statusCode: number
  maxRequestsOnConnectionReached: boolean
  agent: unknown
  _last: boolean
  _hasBody: boolean
  _removedConnection: boolean
  _removedContLen: boolean
  _removedTE: boolean
  _contentLength: number | null
  _keepAliveTimeout: number
  _maxRequestsPerSocket: number
  _header: string
  _storeHeader(firstLine: string, headers: ReadonlyArray<readonly [string, string]>): void
}

// Values that do not affect Node's decisions. Only the presence of a field does.
const lines: ReadonlyArray<readonly [bit: number, name: string, value: string]> = [
  [NodeField.Connection, "Connection", "x"],
  [NodeField.ContentLength, "Content-Length", "7"],
  [NodeField.TransferEncoding, "Transfer-Encoding", "x"],
  [NodeField.Trailer, "Trailer", "x"],
  [NodeField.KeepAlive, "Keep-Alive", "x"]
]

const nodes = (seen: number, traits: number, length: number, timeout: number, max: number): unknown => {
  const has = (bit: number): boolean => (traits & bit) !== 0
  const message = new http.ServerResponse({
    method: "GET",
    httpVersionMajor: 1,
    httpVersionMinor: 1,
    headers: {}
  } as http.IncomingMessage) as unknown as Inner
  message.shouldKeepAlive = has(NodeTrait.KeepAlive)
  message.chunkedEncoding = has(NodeTrait.Chunked)
  message._last = has(NodeTrait.Last)
  message._hasBody = has(NodeTrait.HasBody)
  message.useChunkedEncodingByDefault = has(NodeTrait.MayChunk)
  message._removedConnection = has(NodeTrait.NoConnection)
  message._removedContLen = has(NodeTrait.NoLength)
  message._removedTE = has(NodeTrait.NoCoding)
  message.maxRequestsOnConnectionReached = has(NodeTrait.LimitReached)
  message.agent = has(NodeTrait.Pooled)
  message.statusCode = has(NodeTrait.Bodiless) ? 304 : 200
  message.sendDate = false
  message._contentLength = length < 0 ? null : length
  message._keepAliveTimeout = timeout
  message._maxRequestsPerSocket = max
  const given = lines.filter(([bit]) => (seen & bit) !== 0)
  try {
    message._storeHeader(
      "",
      given.map(([, name, value]) => [name, value])
    )
  } catch (error) {
    return (error as { code: string }).code
  }
  const own = given.map(([, name, value]) => `${name}: ${value}\r\n`).join("")
  expect(message._header.startsWith(own)).toBe(true)
  return {
    lines: message._header.slice(own.length, -2),
    keepAlive: message.shouldKeepAlive,
    chunked: message.chunkedEncoding,
    last: message._last
  }
}

const ours = (seen: number, traits: number, length: number, timeout: number, max: number): unknown => {
  const head = nodeHead(seen, traits, length, timeout, max)
  if ("code" in head) return head.code
  const has = (bit: number): boolean => (head.traits & bit) !== 0
  // The other traits must not change.
  const mayChange = NodeTrait.KeepAlive | NodeTrait.Chunked | NodeTrait.Last
  expect(head.traits | mayChange).toBe(traits | mayChange)
  return {
    lines: head.lines,
    keepAlive: has(NodeTrait.KeepAlive),
    chunked: has(NodeTrait.Chunked),
    last: has(NodeTrait.Last)
  }
}

/**
 * Returns whether the traits are consistent with the user's fields: a field that is present was not removed,
 * for example.
 */
const possible = (seen: number, traits: number): boolean =>
  ((seen & NodeField.Connection) === 0 ||
    (traits & (NodeTrait.NoConnection | NodeTrait.KeepAlive)) === NodeTrait.KeepAlive) &&
  ((seen & NodeField.ContentLength) === 0 || (traits & NodeTrait.NoLength) === 0) &&
  ((seen & NodeField.TransferEncoding) === 0 || (traits & NodeTrait.NoCoding) === 0)

const everyTrait = Object.values(NodeTrait).reduce((all, bit) => all | bit, 0)

describe("nodeHead", () => {
  const sets = Array.from({ length: 1 << lines.length }, (_, set) =>
    lines.reduce((seen, [bit], index) => (((set >> index) & 1) === 0 ? seen : seen | bit), 0)
  )
  it.each(sets)("with the fields %i: the same lines and the same traits as Node, for all traits", (seen) => {
    for (let traits = 0; traits <= everyTrait; traits++) {
      if (!possible(seen, traits)) continue
      const length = traits % 3 === 0 ? -1 : (traits % 5) - 1
      const timeout = traits % 7 < 3 ? 0 : 1500 * (traits % 7)
      const max = traits % 4
      const facts = [seen, traits, length, timeout, max] as const
      const expected = nodes(...facts)
      const actual = ours(...facts)
      // Compare strings first, because `expect` for every case would take seconds.
      if (JSON.stringify(actual) !== JSON.stringify(expected))
        expect([facts, actual]).toEqual([facts, expected])
    }
  })

  it("adds the right lines after their input changes", () => {
    const traits = NodeTrait.KeepAlive | NodeTrait.MayChunk
    const rows: ReadonlyArray<readonly [timeout: number, max: number, announced: string]> = [
      [5000, 0, "Keep-Alive: timeout=5\r\n"],
      [6000, 0, "Keep-Alive: timeout=6\r\n"],
      [6000, 2, "Keep-Alive: timeout=6, max=2\r\n"],
      [6000, 3, "Keep-Alive: timeout=6, max=3\r\n"],
      [5000, 3, "Keep-Alive: timeout=5, max=3\r\n"],
      [5000, 0, "Keep-Alive: timeout=5\r\n"],
      [0, 3, ""]
    ]
    for (const [timeout, max, announced] of [...rows, ...rows])
      expect(nodeHead(0, traits, -1, timeout, max)).toMatchObject({
        lines: `Connection: keep-alive\r\n${announced}`
      })
  })
})

describe("nodeField", () => {
  const named: Readonly<Record<string, number>> = {
    connection: NodeField.Connection,
    "content-length": NodeField.ContentLength,
    "transfer-encoding": NodeField.TransferEncoding,
    date: NodeField.Date,
    expect: NodeField.Expect,
    trailer: NodeField.Trailer,
    "keep-alive": NodeField.KeepAlive,
    cookie: NodeField.Cookie,
    "content-disposition": NodeField.ContentDisposition
  }
  it.each(Object.entries(named))("%s in any case, and nothing longer or shorter", (name, bit) => {
    expect(nodeField(name)).toBe(bit)
    expect(nodeField(name.toUpperCase())).toBe(bit)
    expect(nodeField(`${name}s`)).toBe(0)
    expect(nodeField(name.slice(1))).toBe(0)
  })

  it("has a separate bit for each", () => {
    const bits = Object.values(NodeField)
    expect(bits).toEqual(bits.map((_, index) => 1 << index))
    expect(Object.values(named).sort((a, b) => a - b)).toEqual(bits)
    const traits = Object.values(NodeTrait)
    expect(traits).toEqual(traits.map((_, index) => 1 << index))
  })
})

describe("words in a value, as Node reads it", () => {
  const readers = [
    ["close", saysClose],
    ["chunked", saysChunked],
    ["100-continue", (value: string) => expectationOf(1, value, "word") === "continue"]
  ] as const
  for (const [word, says] of readers) {
    it.each([word, word.toUpperCase(), `a, ${word}`, `${word};q=1`, `x ${word} y`, `${word}-x`])(
      `%j says ${word}`,
      (value) => expect(says(value)).toBe(true)
    )
    it.each(["", "x", `x${word}`, `${word}x`, `_${word}`, word.slice(1), word.slice(0, -1)])(
      `%j does not say ${word}`,
      (value) => expect(says(value)).toBe(false)
    )
  }
})
