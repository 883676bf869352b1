/**
 * The fields of the WebSocket opening handshake, read as lists: empty elements, tabs, several fields (RFC
 * 6455 §4.2.1, RFC 9110 §5.6.1).
 */
import { assert, describe, it } from "@effect/vitest"
import {
  Body,
  checkHandshake,
  type HandshakeRefusal,
  type RequestHead,
  RequestParser
} from "@httpfx/core/wire"

const refusalFor = (
  fields: string,
  line = "GET / HTTP/1.1",
  connection = "Connection: upgrade\r\n"
): HandshakeRefusal | undefined => {
  let seen: RequestHead | undefined
  const parser = new RequestParser({
    head: (head) => {
      seen = head
      return Body.Stop
    },
    data: () => {},
    complete: () => {}
  })
  parser.execute(Buffer.from(`${line}\r\nHost: a\r\n${connection}${fields}\r\n`, "latin1"))
  assert.isUndefined(parser.refusal)
  return checkHandshake(seen!)
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
    // Key and version must not be repeated (RFC 6455 §11.3.1, §11.3.5).
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
    it(`${JSON.stringify(own)}: ${status ?? "taken"}`, () =>
      assert.strictEqual(refusalFor(fields)?.status, status))
  }

  const upgrade = ["Upgrade", "websocket", "Connection", "Upgrade"]
  const notAsked: HandshakeRefusal = {
    status: 426,
    reason: "no upgrade to WebSocket was asked for",
    headers: upgrade
  }
  const wrongKey: HandshakeRefusal = {
    status: 400,
    reason: "Sec-WebSocket-Key is not one value of 16 bytes in base64",
    headers: []
  }
  const wrongVersion: HandshakeRefusal = {
    status: 426,
    reason: "only version 13 of WebSocket is spoken here",
    headers: ["Sec-WebSocket-Version", "13", ...upgrade]
  }
  const good = asked + key + version
  const refused: ReadonlyArray<
    readonly [what: string, refusal: HandshakeRefusal, ...Parameters<typeof refusalFor>]
  > = [
    ["no upgrade", notAsked, key + version],
    ["an upgrade that Connection does not list", notAsked, good, "GET / HTTP/1.1", ""],
    ["an upgrade of HTTP/1.0", notAsked, good, "GET / HTTP/1.0"],
    [
      "another method",
      { status: 405, reason: "a WebSocket is opened with GET", headers: ["Allow", "GET"] },
      good,
      "POST / HTTP/1.1"
    ],
    ["no key", wrongKey, asked + version],
    ["a key of 15 bytes", wrongKey, `${asked}${version}Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA\r\n`],
    ["a key of 17 bytes", wrongKey, `${asked}${version}Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA=\r\n`],
    // The last base64 digit has four bits that belong to no byte, and they must be 0.
    [
      "a key with unused bits that are not 0",
      wrongKey,
      `${asked}${version}Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAB==\r\n`
    ],
    [
      "a key with a character that is not in base64",
      wrongKey,
      `${asked}${version}Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA_A==\r\n`
    ],
    [
      "a key with a character after it",
      wrongKey,
      `${asked}${version}Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==x\r\n`
    ],
    [
      "a key with a character before it",
      wrongKey,
      `${asked}${version}Sec-WebSocket-Key: xAAAAAAAAAAAAAAAAAAAAAA==\r\n`
    ],
    ["no version", wrongVersion, asked + key],
    ["version 8", wrongVersion, `${asked}${key}Sec-WebSocket-Version: 8\r\n`],
    [
      "a protocol twice",
      { status: 400, reason: "Sec-WebSocket-Protocol is no list of different tokens", headers: [] },
      `${good}Sec-WebSocket-Protocol: a, b, a\r\n`
    ],
    [
      "an extension without a name",
      { status: 400, reason: "Sec-WebSocket-Extensions is no list of extensions", headers: [] },
      `${good}Sec-WebSocket-Extensions: ;a=b\r\n`
    ]
  ]
  for (const [what, refusal, ...request] of refused) {
    it(what, () => assert.deepStrictEqual(refusalFor(...request), refusal))
  }

  it.each(["Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEQ==", "Sec-WebSocket-Key: +/+/+/+/+/+/+/+/+/+/+w=="])(
    "%s is 16 bytes",
    (line) => assert.isUndefined(refusalFor(`${asked}${version}${line}\r\n`))
  )

  it.each([
    "a",
    "a;b",
    "a; b=c",
    'a ; b = "c"',
    "a;b=c;d;e=f",
    "a!#$%&'*+-.^_`|~0Z;x!=y~",
    // The following values are invalid.
    "",
    ";",
    "a;;b",
    "a;=b",
    'a;b="',
    'a;b=""',
    "a;b=c d",
    'a;b="c"d',
    "a b",
    "\u00e9",
    "a;b=\u00e9"
  ])("the extension %j", (extension) => {
    // An independent implementation of the text of RFC 6455 §9.1.
    const token = (text: string): boolean => /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text)
    const trimmed = (text: string): string => text.replace(/^[ \t]+|[ \t]+$/g, "")
    const parameter = (text: string): boolean => {
      const [name = "", ...values] = text.split("=").map(trimmed)
      const [value] = values
      if (!token(name) || values.length > 1) return false
      return value === undefined || token(value) || (/^".*"$/.test(value) && token(value.slice(1, -1)))
    }
    const [name = "", ...parameters] = extension.split(";").map(trimmed)
    const valid = extension === "" || (token(name) && parameters.every(parameter))
    assert.strictEqual(refusalFor(`${good}Sec-WebSocket-Extensions: ${extension}\r\n`) === undefined, valid)
  })
})
