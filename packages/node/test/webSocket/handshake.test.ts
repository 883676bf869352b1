// Opening handshakes: `ws` accepts every request that the server accepts, and errors of clients are not
// logged as failures.
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type { NodeWebSocket } from "@httpfx/node"
import { connecting, inVirtualTime, places, serving, webSocket } from "../support/webSocketPeers.js"

const asked = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
const version = "Sec-WebSocket-Version: 13\r\n"
const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
const usual = asked + version + key
const offers = (value: string) => `${usual}Sec-WebSocket-Extensions: ${value}\r\n`

interface Row {
  readonly fields: string
  readonly status: number
  /** A pattern that the response's fields must match. */
  readonly has?: RegExp
  readonly hasNot?: RegExp
}

const rows: Readonly<Record<string, Row>> = {
  "the usual fields": { fields: usual, status: 101, hasNot: /sec-websocket-(?:protocol|extensions)/i },
  "a list of protocols to upgrade to": {
    fields: `Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n${version}${key}`,
    status: 101
  },
  "tabs around every value": { fields: usual.replace(/: ?(.*)\r\n/g, ":\t$1\t\r\n"), status: 101 },
  "a list of subprotocols with empty elements": {
    fields: `${usual}Sec-WebSocket-Protocol: ,chat\t,, other,\r\n`,
    status: 101,
    has: /^sec-websocket-protocol: chat\r$/im
  },
  "two fields of subprotocols": {
    fields: `${usual}Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: other\r\n`,
    status: 101,
    has: /^sec-websocket-protocol: chat\r$/im
  },
  compression: {
    fields: offers("permessage-deflate"),
    status: 101,
    has: /^sec-websocket-extensions: permessage-deflate\r$/im
  },
  "a list of extensions with empty elements": {
    fields: offers(", x-unknown,, permessage-deflate,"),
    status: 101,
    has: /^sec-websocket-extensions: permessage-deflate\r$/im
  },
  "an unacceptable offer of compression": {
    fields: offers("permessage-deflate; server_max_window_bits=7"),
    status: 101,
    hasNot: /sec-websocket-extensions/i
  },
  "an unknown parameter of compression": {
    fields: offers("permessage-deflate; x=1"),
    status: 101,
    hasNot: /sec-websocket-extensions/i
  },
  "an unacceptable offer before an acceptable one": {
    fields: offers("permessage-deflate; server_max_window_bits=9, permessage-deflate"),
    status: 101,
    has: /^sec-websocket-extensions: permessage-deflate/im
  },
  "malformed extensions": { fields: offers("permessage-deflate; ="), status: 400 },
  "the key twice": { fields: usual + key, status: 400 },
  "the version twice": { fields: usual + version, status: 426, has: /^sec-websocket-version: 13\r$/im }
}

const headOf = (fields: string, options: NodeWebSocket.Options) =>
  Effect.gen(function* () {
    const { server } = yield* serving(
      webSocket((socket) => socket.run(() => {})),
      places.memory,
      {},
      options
    )
    const peer = yield* connecting(server, places.memory)
    yield* peer.send(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`)
    const head = yield* peer.head
    yield* peer.reset
    return head
  })

describe("A client opens a WebSocket with", () => {
  it.each(Object.entries(rows))("%s", async (_, { fields, has, hasNot, status }) => {
    const logged: Array<string> = []
    const logger = Logger.make(({ logLevel, message }) => {
      if (LogLevel.greaterThanEqual(logLevel, LogLevel.Warning)) logged.push(String(message))
    })
    const head = await Effect.runPromise(
      inVirtualTime(headOf(fields, { perMessageDeflate: true })).pipe(
        Effect.provide(Logger.replace(Logger.defaultLogger, logger))
      )
    )
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    if (has !== undefined) expect(head).toMatch(has)
    if (hasNot !== undefined) expect(head).not.toMatch(hasNot)
    expect(logged).toEqual([])
  })
})
