/**
 * `uri-host [ ":" port ]` (RFC 9110 §7.2, RFC 3986 §3.2.2). Validates values of `Host`, directly and in
 * requests that the parser reads whole and byte by byte.
 */
import { assert, describe, it } from "@effect/vitest"
import { Body, isHost, lacksHost, RequestParser } from "@httpfx/core/wire"
import * as fc from "fast-check"
import { isIPv4, isIPv6 } from "node:net"

const hosts = [
  "",
  ":",
  ":80",
  "a",
  "a:",
  "a:80",
  "a:0",
  "a:99999",
  "A.b-c_d~e:8080",
  "a.",
  "!$&'()*+,;=",
  "%41%c3%bc:1",
  "127.0.0.1",
  "256.1.1.1",
  "[::]",
  "[::1]",
  "[::1]:",
  "[::1]:80",
  "[2001:DB8::7]",
  "[1:2:3:4:5:6:7:8]",
  "[1:2:3:4:5:6:7::]",
  "[::2:3:4:5:6:7:8]",
  "[::ffff:127.0.0.1]:1",
  "[1:2:3:4:5:6:1.2.3.4]",
  // An IPv6 address with the maximum length.
  "[0000:0000:0000:0000:0000:ffff:255.255.255.255]",
  "[v1.a:b]",
  "[vF.x]:80"
]

const others = [
  "a:80:80",
  "a::80",
  "::1",
  "[::1",
  "::1]",
  "[::1]]",
  "[::1]a",
  "a[::1]",
  "[::1]:a",
  "[]",
  "[a]",
  "[127.0.0.1]",
  "[1:2:3:4:5:6:7]",
  "[1:2:3:4:5:6:7:8:9]",
  "[1:2:3:4::5:6:7:8]",
  "[1::2::3]",
  "[:::]",
  "[1:]",
  "[:1]",
  "[12345::]",
  "[1.2.3.4::]",
  "[::1.2.3]",
  "[::1.2.3.256]",
  "[::1.2.3.04]",
  "[::1%25eth0]",
  "[v1.]",
  "[v.a]",
  "a:b",
  "a:-1",
  "a: 80",
  "a b",
  "a/",
  "a?",
  "a#",
  "a@b",
  "a%",
  "a%4",
  "a%zz",
  'a"',
  "a\\b",
  "a|b",
  "a{b}",
  "a`b",
  "a^b",
  "a<b>",
  "\u00fc"
]

/** Returns whether a parser accepts `host` as the value of `Host`, in chunks of `size` bytes. */
const taken = (host: string, size: number): boolean => {
  const parser = new RequestParser({ head: () => Body.Read, data: () => {}, complete: () => {} })
  const bytes = Buffer.from(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`, "latin1")
  for (let i = 0; i < bytes.length; i += size) parser.execute(bytes.subarray(i, i + size))
  return parser.refusal === undefined
}

describe("Host", () => {
  for (const [list, valid] of [
    [hosts, true],
    [others, false]
  ] as const) {
    for (const host of list) {
      it(`${JSON.stringify(host)} is ${valid ? "" : "not "}accepted`, () => {
        assert.strictEqual(isHost(host), valid)
        assert.strictEqual(taken(host, 1000), valid, "whole")
        assert.strictEqual(taken(host, 1), valid, "byte by byte")
      })
    }
  }

  it("an address in brackets is valid if Node.js accepts it as IPv6", () => {
    const piece = fc.constantFrom(":", "::", "1", "ab", "FFFF", "0", "12345", "1.2.3.4", "255.0.0.256", "g")
    const address = fc.oneof(
      fc.ipV6(),
      fc.array(piece, { maxLength: 17 }).map((pieces) => pieces.join("")),
      fc.array(fc.constantFrom("1", "ab", "1.2.3.4", ""), { maxLength: 10 }).map((groups) => groups.join(":"))
    )
    fc.assert(
      fc.property(address, (text) => assert.strictEqual(isHost(`[${text}]`), isIPv6(text), text)),
      { numRuns: 2000 }
    )
  })

  it("an IPv4 address is treated like a name", () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => assert.isTrue(isIPv4(text) && isHost(text))),
      { numRuns: 100 }
    )
  })
})

it.each([
  [1, 1, false, true],
  [1, 1, true, false],
  [1, 0, false, false],
  [0, 9, false, false],
  [2, 1, false, false]
])("lacksHost: HTTP/%d.%d with Host %j: %j", (major, minor, hasHost, lacks) =>
  assert.strictEqual(lacksHost(major, minor, hasHost), lacks)
)
