// The inspector shows no secrets, however the bytes are split into segments.
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Server from "@httpfx/core/Server"
import { presets } from "@httpfx/core/wire"
import * as Inspector from "@httpfx/testing/Inspector"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"
import * as RawPeer from "@httpfx/testing/RawPeer"

const app = Effect.map(
  Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ text }) => text),
  () => HttpServerResponse.text("hello", { headers: { "set-cookie": "id=QY", "x-api-key": "QY" } })
)
const world = (limit?: number) =>
  HttpServer.serve(app).pipe(
    Layer.provideMerge(
      Server.layer({ host: "app.test", port: 80, idleConnectionGrace: 0, flags: presets.insecure })
    ),
    Layer.provideMerge(Inspector.layerTap({ limit })),
    Layer.provideMerge(MemoryNetwork.layer())
  )
const connect = RawPeer.connect({ host: "app.test", port: 80 })
const get = (fields: string) => `GET / HTTP/1.1\r\nHost: a\r\n${fields}Connection: close\r\n\r\n`

/** Requests whose secrets consist of the letters Q and Y. */
const requests: Readonly<Record<string, string>> = {
  authorization: get("Authorization: Bearer QY\r\n"),
  "another case, a tab, no space": get("Proxy-AUTHORIZATION:\tQY\r\ncookie:QY\r\n"),
  "several lines": get("Cookie: a=QY\r\nX-Api-Key: QY\r\nX-Auth-Token: QY\r\nCookie: QY\r\n"),
  "a value that goes on in another line": get("Authorization: Bearer\r\n QY\r\n\tQY\r\n"),
  "user and password of a target": get("").replace("/", "http://QY:QY@a/x@y"),
  "user and password of a field": get("Referer: http://QY:QY@a/\r\n"),
  "a request that is not whole": get("Authorization: Bearer QY\r\n").slice(0, -40)
}

describe("Inspector", () => {
  it.effect.each(Object.entries(requests))("hides secrets in any segments: %s", ([name, request]) =>
    Effect.gen(function* () {
      const step = name === "authorization" ? 1 : 5
      const inspection = yield* Inspector.make()
      for (let at = 1; at < request.length; at += step) {
        const peer = yield* connect
        yield* peer.send(request.slice(0, at))
        yield* Effect.yieldNow()
        yield* peer.send(request.slice(at))
        yield* peer.end
        yield* Effect.ignore(peer.rest)
      }
      let shown = 0
      for (let connection = 1; connection < request.length; connection++)
        for (const wire of Option.toArray(yield* inspection.wire(connection, 1))) {
          shown++
          assert.notMatch(wire, /[QY]/)
          assert.match(wire, /<redacted>/)
        }
      // Each request is an exchange from the end of its head on.
      if (request.endsWith("\r\n\r\n")) assert.strictEqual(shown, Math.ceil((request.length - 1) / step))
      for (const { target } of (yield* inspection.snapshot).exchanges) assert.notMatch(target ?? "", /[QY]/)
    }).pipe(Effect.scoped, Effect.provide(world()))
  )

  it.effect("hides the rest of a field whose start was not stored", () =>
    Effect.gen(function* () {
      const inspection = yield* Inspector.make()
      const peer = yield* connect
      const body = "y".repeat(300)
      yield* peer.send(
        `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bea`
      )
      yield* peer.until("hello")
      yield* peer.send("rer QY\r\nConnection: close\r\n\r\n")
      yield* peer.rest
      const wires = [yield* inspection.wire(1, 1), yield* inspection.wire(1, 2)].flatMap(Option.toArray)
      assert.strictEqual(wires.length, 2)
      assert.notMatch(wires.join("\n"), /[QY]/)
      assert.include(wires[1], "Connection: close")
    }).pipe(Effect.scoped, Effect.provide(world(200)))
  )

  it.effect("hides the configured fields, and no others", () =>
    Effect.gen(function* () {
      const inspection = yield* Inspector.make({ redact: [...Inspector.redactedNames, "X-Own (1)"] })
      const few = yield* Inspector.make({ redact: [] })
      const peer = yield* connect
      yield* peer.send(get("X-Own: shown\r\nAuthorization: Bearer QY\r\nX-Kept: authorization: shown\r\n"))
      yield* peer.rest
      const wire = Option.getOrThrow(yield* inspection.wire(1, 1))
      assert.include(wire, "X-Own: shown")
      assert.include(wire, "X-Kept: authorization: shown")
      assert.include(wire, "Authorization: <redacted>")
      assert.include(wire, "set-cookie: <redacted>")
      void few
    }).pipe(Effect.scoped, Effect.provide(world()))
  )
})
