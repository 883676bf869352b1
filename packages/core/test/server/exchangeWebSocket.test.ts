// `HttpServerRequest.upgrade` for requests that do not ask for a WebSocket, and on servers without a
// `WebSocketUpgrader`.
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { WebSocketUpgrader } from "@httpfx/core"
import { MemoryNetwork } from "@httpfx/testing"
import { servedOn, talk } from "../support/served.js"

const served = servedOn(MemoryNetwork.layer())
const app = Effect.as(HttpServerRequest.upgrade, HttpServerResponse.text("a socket"))
const withFraming = Effect.provideService(WebSocketUpgrader.WebSocketUpgrader, {
  upgrade: () => Effect.die("nobody runs it")
})

const key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
const version = "Sec-WebSocket-Version: 13\r\n"
const asking = "Upgrade: websocket\r\nConnection: Upgrade, close\r\n"
const get = (fields: string) => `GET / HTTP/1.1\r\nHost: test\r\n${fields}\r\n`

describe("HttpServerRequest.upgrade", () => {
  for (const [what, request, status, field] of [
    ["that asks for none", get(`Connection: close\r\n${key}${version}`), 426, /^upgrade: websocket\r$/im],
    ["for another protocol", get(asking.replace("websocket", "h2c") + key + version), 426, /upgrade/i],
    ["without a key", get(asking + version), 400, /400/],
    ["with a short key", get(`${asking}Sec-WebSocket-Key: YWJj\r\n${version}`), 400, /400/],
    [
      "of another version",
      get(`${asking}${key}Sec-WebSocket-Version: 8\r\n`),
      426,
      /sec-websocket-version: 13/i
    ],
    [
      "with a subprotocol twice",
      get(`${asking}${key}${version}Sec-WebSocket-Protocol: a, a\r\n`),
      400,
      /400/
    ],
    ["by POST", get(asking + key + version).replace("GET", "POST"), 405, /allow: GET/i]
  ] as const) {
    it.effect(`responds to a request ${what} with ${status}`, () =>
      withFraming(
        served(
          app,
          Effect.gen(function* () {
            const seen = yield* talk(request)
            assert.isTrue(seen.startsWith(`HTTP/1.1 ${status} `), seen)
            assert.match(seen, field)
          })
        )
      )
    )
  }

  it.effect("can be handled, like any failure", () =>
    withFraming(
      served(
        Effect.catchTag(app, "RequestError", ({ description }) =>
          Effect.succeed(HttpServerResponse.text(String(description)))
        ),
        Effect.gen(function* () {
          assert.include(yield* talk(get("Connection: close\r\n")), "no upgrade to WebSocket was asked for")
        })
      )
    )
  )

  it.effect("fails with 501 if the server has no framing", () =>
    served(
      app,
      Effect.gen(function* () {
        assert.match(yield* talk(get(asking + key + version)), /^HTTP\/1.1 501 /)
      })
    )
  )

  it.effect("sends nothing before the socket runs", () =>
    Effect.provideService(WebSocketUpgrader.WebSocketUpgrader, {
      upgrade: () => Effect.succeed({} as never)
    })(
      served(
        app,
        Effect.gen(function* () {
          assert.include(yield* talk(get(asking + key + version)), "a socket")
        })
      )
    )
  )
})
