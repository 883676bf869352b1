// Formats of the access log: facts, hostile values and secrets. Every exchange gives one line, whatever the
// client sends.
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { AccessLog, ExchangeOutcome, Server, Transport } from "@httpfx/core"
import { MemoryNetwork, RawPeer, VirtualClock } from "@httpfx/testing"
import { last } from "../support/served.js"

const outcome: ExchangeOutcome.ExchangeOutcome = {
  _tag: "Answered",
  connection: 3,
  exchange: 2,
  remote: Transport.tcp("192.0.2.7", 40_000),
  client: undefined,
  method: "GET",
  target: "/users/7?page=2",
  httpVersion: "1.1",
  route: "/users/:id",
  status: 200,
  bytesIn: 120,
  bytesOut: 250,
  bodyIn: 0,
  bodyOut: 99,
  startedAt: Date.UTC(2026, 1, 3, 4, 5, 6, 789),
  answeredAfter: 4,
  duration: 5,
  upgraded: undefined,
  annotations: { requestId: "abc" },
  field: (name) => ({ referer: "http://example.org/", "user-agent": "curl/8.5.0" })[name]
}

const sending = (fields: Record<string, string>, more: object = {}) =>
  ({ ...outcome, ...more, field: (name: string) => fields[name] }) as ExchangeOutcome.ExchangeOutcome

const fromJson = (line: string) => JSON.parse(line) as Record<string, unknown>

describe("The combined format", () => {
  it("has host, time, request line, status, size, referrer and user agent", () => {
    assert.strictEqual(
      AccessLog.formatCombined(outcome),
      '192.0.2.7 - - [03/Feb/2026:04:05:06 +0000] "GET /users/7?page=2 HTTP/1.1" 200 99 "http://example.org/" "curl/8.5.0"'
    )
  })

  const hosts: ReadonlyArray<readonly [Transport.Address | undefined, string]> = [
    [Transport.tcp("2001:db8::1", 1), "2001:db8::1"],
    [Transport.tcp("::ffff:192.0.2.1", 1), "192.0.2.1"],
    [Transport.tcp("::FFFF:c000:201", 1), "192.0.2.1"],
    [Transport.tcp("::ffff:0:192.0.2.1", 1), "::ffff:0:192.0.2.1"],
    [Transport.unix("/run/app.sock"), "-"],
    [undefined, "-"]
  ]
  it.each(hosts)("shows the host %j as %s", (remote, shown) => {
    assert.strictEqual(AccessLog.formatCombined({ ...outcome, remote }).split(" ")[0], shown)
  })

  // The expected results are those of Apache's mod_log_config.
  const values: ReadonlyArray<readonly [string, string]> = [
    ["", "-"],
    ["plain text!", "plain text!"],
    ['a"b', 'a\\"b'],
    ["a\\b", "a\\\\b"],
    ['" 200 1 "-" "', '\\" 200 1 \\"-\\" \\"'],
    ["a\tb\x0bc", "a\\tb\\vc"],
    ["a\r\nb", "a\\r\\nb"],
    ["a\x00b\x1b[31m\x7f", "a\\x00b\\x1b[31m\\x7f"],
    ["\xe4\xf6\x85", "\\xe4\\xf6\\x85"],
    ["\u2028ä€😀", "\\xe2\\x80\\xa8\\xe4\\xe2\\x82\\xac\\xf0\\x9f\\x98\\x80"]
  ]
  it.each(values)("quotes %j", (value, quoted) => {
    const line = AccessLog.formatCombined(sending({ "user-agent": value, referer: value }))
    assert.strictEqual(line, line.replace(/[^ -~]/g, ""))
    assert.isTrue(line.endsWith(` 99 "${quoted}" "${quoted}"`), line)
  })

  const endings: ReadonlyArray<readonly [object, string]> = [
    [{ bodyOut: 0 }, '"GET /users/7?page=2 HTTP/1.1" 200 - '],
    [{ _tag: "ClientGone", status: undefined, error: { code: "ECONNRESET" } }, " 499 99 "],
    [{ _tag: "ClientGone", status: 200, error: { code: "ECONNRESET" } }, " 200 99 "],
    [{ _tag: "ServerFailed", status: undefined, cause: undefined }, " 000 99 "],
    [{ _tag: "Refused", method: undefined, target: undefined, status: 400, bodyOut: 0 }, '] "-" 400 - '],
    [{ httpVersion: "1.0" }, "HTTP/1.0"]
  ]
  it.each(endings)("shows %j", (more, part) => {
    assert.include(AccessLog.formatCombined({ ...outcome, ...more } as typeof outcome), part)
  })
})

describe("A line of JSON", () => {
  it("has all known facts", () => {
    assert.deepStrictEqual(fromJson(AccessLog.formatJson(outcome)), {
      requestId: "abc",
      time: "2026-02-03T04:05:06.789Z",
      remote: "192.0.2.7:40000",
      method: "GET",
      target: "/users/7?page=2",
      httpVersion: "1.1",
      route: "/users/:id",
      status: 200,
      outcome: "Answered",
      bytesIn: 120,
      bytesOut: 250,
      bodyIn: 0,
      bodyOut: 99,
      answeredAfter: 4,
      duration: 5,
      connection: 3,
      exchange: 2,
      referer: "http://example.org/",
      userAgent: "curl/8.5.0"
    })
  })

  const hostile = ["\r\n", "\x00\x1b\x7f\x85", "\u2028\u2029", '"}', "\\", "\ud800", "ä€😀"]
  it.each(hostile)("remains a single line, and keeps the value %j", (value) => {
    const line = AccessLog.formatJson(sending({ "user-agent": value }, { annotations: { tenant: value } }))
    assert.notMatch(line, /[\x00-\x1f\x7f-\x9f\u2028\u2029]/)
    assert.deepInclude(fromJson(line), { userAgent: value, tenant: value })
  })

  it("does not let an annotation replace a fact", () => {
    const line = AccessLog.formatJson(sending({}, { annotations: { status: "500", remote: "me" } }))
    assert.deepInclude(fromJson(line), { status: 200, remote: "192.0.2.7:40000" })
  })

  it("shows the end of an upgraded connection, and the reasons", () => {
    const upgraded = { protocol: "websocket", endedBy: "client", closeCode: 1000 }
    assert.deepInclude(fromJson(AccessLog.formatJson(sending({}, { upgraded }))), upgraded)
    const dropped = sending({}, { _tag: "Dropped", reason: "maxConnections" })
    assert.deepInclude(fromJson(AccessLog.formatJson(dropped)), {
      outcome: "Dropped",
      reason: "maxConnections"
    })
  })
})

describe("No line", () => {
  const secrets: ReadonlyArray<readonly [string, string]> = [
    ["http://user:hunter2@example.org/", "http://example.org/"],
    ["/?X-Goog-Signature=hunter2&a=1", "/?X-Goog-Signature=REDACTED&a=1"],
    ["/?a=1&sig=hunter2", "/?a=1&sig=REDACTED"],
    ["/?Signature=hunter2#x", "/?Signature=REDACTED#x"],
    ["user:hunter2@example.org:443", "example.org:443"]
  ]
  it.each(secrets)("shows a secret in a target or a referrer: %s", (url, shown) => {
    const hiding = sending({ referer: url, authorization: "hunter2", cookie: "hunter2" }, { target: url })
    const json = AccessLog.formatJson(hiding)
    assert.deepInclude(fromJson(json), { target: shown, referer: shown })
    for (const line of [json, AccessLog.formatCombined(hiding)]) assert.notInclude(line, "hunter2")
    assert.include(AccessLog.formatCombined(hiding), `"GET ${shown} HTTP/1.1"`)
  })
})

describe("AccessLog.layer", () => {
  const app = Effect.zipRight(
    ExchangeOutcome.annotate("tenant", "one"),
    Effect.as(ExchangeOutcome.annotate("user", "7"), HttpServerResponse.text("hello"))
  )

  const serving = Layer.unwrapEffect(
    Effect.map(Server.Server, ({ httpServer }) => Layer.scopedDiscard(httpServer.serve(app)))
  )

  /** Sends each request on a separate connection, and returns the lines of the log. */
  const written = (write: AccessLog.Options["write"], requests: ReadonlyArray<string>) => {
    const lines: Array<string> = []
    const log = (line: string) => Effect.sync(() => void lines.push(line))
    const world = Layer.merge(serving, AccessLog.layer({ write })).pipe(
      Layer.provide(Server.layer({ port: 80, host: "127.0.0.1", idleConnectionGrace: 0 })),
      Layer.provideMerge(Layer.merge(MemoryNetwork.layer(), VirtualClock.layer()))
    )
    return Effect.gen(function* () {
      const console = { ...(yield* Console.consoleWith(Effect.succeed)), log }
      yield* Effect.forEach(requests, (request) =>
        Effect.flatMap(RawPeer.connect(Transport.tcp("127.0.0.1", 80)), (client) =>
          Effect.zipRight(client.send(request), client.rest)
        )
      ).pipe(
        Effect.zipRight(VirtualClock.settle),
        Effect.scoped,
        Effect.provide(world),
        Console.withConsole(console)
      )
      return lines
    })
  }

  it.live("writes JSON, with the annotations of the handler", () =>
    Effect.gen(function* () {
      const lines = yield* written(AccessLog.writeJson, [last("/a"), "NOT HTTP\r\n\r\n"])
      assert.lengthOf(lines, 2)
      assert.deepInclude(fromJson(lines[0]!), { target: "/a", bodyOut: 5, tenant: "one", user: "7" })
      assert.deepInclude(fromJson(lines[1]!), {
        status: 400,
        outcome: "Refused",
        reason: "HPE_INVALID_METHOD"
      })
    })
  )

  it.live("writes the combined format, one line for each exchange", () =>
    Effect.gen(function* () {
      const hostile = last("/b").replace("\r\n\r\n", '\r\nReferer: "\\\x85\r\nUser-Agent: \xe4\r\n\r\n')
      const lines = yield* written(AccessLog.writeCombined, [hostile])
      assert.lengthOf(lines, 1)
      assert.match(lines[0]!, / - - \[01\/Jan\/2000:00:00:00 \+0000\] "GET \/b HTTP\/1\.1" 200 5 /)
      assert.isTrue(lines[0]!.endsWith(' "\\"\\\\\\x85" "\\xe4"'), lines[0])
    })
  )
})
