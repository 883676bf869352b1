/** The fields of WebSocket's opening handshake as lists: empty elements, tabs, several fields (RFC 6455 §4.2.1, RFC 9110 §5.6.1). */
import { assert, describe, it } from "@effect/vitest"
import { Body, checkHandshake, RequestParser } from "@httpfx/core/wire"

const statusFor = (fields: string): number | undefined => {
  let status: number | undefined
  const parser = new RequestParser({
    head: (head) => {
      status = checkHandshake(head)?.status
      return Body.Stop
    },
    data: () => {},
    complete: () => {}
  })
  parser.execute(Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n${fields}\r\n`, "latin1"))
  assert.isUndefined(parser.refusal)
  return status
}

describe("checkHandshake", () => {
  const key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
  const version = "Sec-WebSocket-Version: 13\r\n"
  const asked = "Upgrade: websocket\r\n"
  const table: ReadonlyArray<readonly [fields: string, status: number | undefined]> = [
    [asked, undefined],
    ["Upgrade:\tWebSocket\t\r\n", undefined],
    ["Upgrade: h2c, , websocket\r\n", undefined],
    ["Upgrade: h2c\r\nUpgrade: websocket\r\n", undefined],
    ["Upgrade: h2c\r\n", 426],
    ["Upgrade: websocket\u00a0\r\n", 426],
    [`${asked}Sec-WebSocket-Protocol: a,, b\t,\r\n`, undefined],
    [`${asked}Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\n`, undefined],
    [`${asked}Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: a\r\n`, 400],
    [`${asked}Sec-WebSocket-Protocol: a b\r\n`, 400],
    [`${asked}Sec-WebSocket-Protocol: ,\r\n`, 400],
    // RFC 6455 §11.3.1, §11.3.5: once.
    [asked + key, 400],
    [asked + version, 426],
    [`${asked}Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n`, undefined],
    [
      `${asked}Sec-WebSocket-Extensions:\ta; b=1\t;c="2",, d\t,\r\nSec-WebSocket-Extensions: e\r\n`,
      undefined
    ],
    [`${asked}Sec-WebSocket-Extensions: a;\r\n`, 400],
    [`${asked}Sec-WebSocket-Extensions: a; b=\r\n`, 400],
    [`${asked}Sec-WebSocket-Extensions: a; b="c d"\r\n`, 400],
    [`${asked}Sec-WebSocket-Extensions: a b\r\n`, 400]
  ]
  for (const [own, status] of table) {
    const fields = key + version + own
    it(`${JSON.stringify(own)}: ${status ?? "taken"}`, () => assert.strictEqual(statusFor(fields), status))
  }
})
