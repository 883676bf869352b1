// The outcome of each response of a proxy to CONNECT, for every split of its bytes.
import { describe, expect, it } from "vitest"
import {
  authorityOf,
  encodeTunnelRequest,
  TunnelResponse,
  type TunnelOutcome
} from "../../../src/wire/index.js"
import type { BytesBehind } from "../../../src/wire/index.js"

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (outcome: TunnelOutcome) =>
  outcome._tag === "Opened"
    ? `Opened ${outcome.rest === undefined ? "" : new TextDecoder().decode(outcome.rest)}`
    : outcome._tag === "Refused"
      ? `Refused ${outcome.head.status}${outcome.authenticates ? " authenticates" : ""}`
      : outcome._tag

const outcomes = (
  response: string,
  bytesBehind: BytesBehind,
  cut: (text: string) => ReadonlyArray<string>
) => {
  const told: Array<string> = []
  const tunnel = new TunnelResponse((outcome) => told.push(text(outcome)), {}, bytesBehind)
  for (const piece of cut(response)) tunnel.data(bytes(piece))
  tunnel.end()
  tunnel.close()
  return told
}

const ok = "HTTP/1.1 200 OK\r\n\r\n"

describe.each<[how: string, cut: (text: string) => ReadonlyArray<string>]>([
  ["whole", (text) => [text]],
  ["byte by byte", (text) => [...text]]
])("A response %s", (_, cut) => {
  it.each<[response: string, outcome: string]>([
    [ok, "Opened "],
    ["HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n", "Opened "],
    [`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n${ok}`, "Opened "],
    ["HTTP/1.1 301 Moved\r\n\r\n", "Refused 301"],
    ["HTTP/1.1 407 No\r\n\r\n", "Refused 407 authenticates"],
    ["HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno", "Refused 503"],
    ["HTTP/1.1 200", "HangUp"],
    ["", "HangUp"],
    ["SSH-2.0-OpenSSH\r\n", "Malformed"]
  ])("%j", (response, outcome) => {
    for (const bytesBehind of ["refuse", "keep"] as const)
      expect(outcomes(response, bytesBehind, cut)).toEqual([outcome])
  })
})

describe("Bytes after a success", () => {
  it.each<[bytesBehind: BytesBehind, outcome: string]>([
    ["refuse", "BytesBehind"],
    ["keep", "Opened early"]
  ])("%s", (bytesBehind, outcome) => {
    expect(outcomes(`${ok}early`, bytesBehind, (text) => [text])).toEqual([outcome])
  })
})

it("a failure is reported once, and nothing after the outcome or a cancel", () => {
  const told: Array<string> = []
  const tunnel = () => new TunnelResponse((outcome) => told.push(text(outcome)), {}, "refuse")
  const failed = tunnel()
  failed.error({ _tag: "Fault", code: "ECONNRESET", message: "read ECONNRESET" })
  failed.close()
  const cancelled = tunnel()
  cancelled.cancel()
  cancelled.data(bytes(ok))
  cancelled.close()
  expect(told).toEqual(["Failed"])
})

it("the request has the authority as target and Host, and the fields for the proxy", () => {
  expect([authorityOf({ host: "a.test", port: 443 }), authorityOf({ host: "::1", port: "8443" })]).toEqual([
    "a.test:443",
    "[::1]:8443"
  ])
  expect(encodeTunnelRequest("a.test:443", ["Proxy-Authorization", "Basic eDp5"])).toMatchObject({
    head: "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\nProxy-Authorization: Basic eDp5\r\n" + "\r\n"
  })
})
