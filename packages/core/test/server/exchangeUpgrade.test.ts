// Upgrade and CONNECT. Each handler decides about its request, and no HTTP is sent after the hand-over.
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import { Exchange, type Socket } from "@httpfx/core"
import { networks } from "../support/networks.js"
import { connect, last, servedOn, talk } from "../support/served.js"

const asking = "Connection: Upgrade\r\nUpgrade: echo, other/2\r\n"
const upgrade = `GET /up HTTP/1.1\r\nHost: test\r\n${asking}\r\n`
const tunnel = "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n"
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

/** Sends received bytes back in brackets. */
const echo = (socket: Socket.Socket) =>
  Stream.runForEach(socket.stream, (bytes) => socket.write(`[${text(bytes)}]`))

const taking = Effect.gen(function* () {
  yield* Effect.flatMap(Exchange.upgrade({ protocol: "echo", headers: { "X-Own": "1" } }), echo)
  return HttpServerResponse.text("never seen")
})

describe.each(networks)("upgrade on %s", (_, network) => {
  const served = servedOn(network)

  it.effect("hands over the bytes received after the request; nothing of HTTP follows", () =>
    served(
      taking,
      Effect.gen(function* () {
        const raw = yield* connect
        yield* raw.send(`${upgrade}early`)
        yield* raw.until("[early]")
        yield* raw.send("late")
        yield* raw.until("[late]")
        yield* raw.end
        yield* raw.rest
        assert.strictEqual(
          raw.received(),
          "HTTP/1.1 101 Switching Protocols\r\nX-Own: 1\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n[early][late]"
        )
        yield* raw.expectClosed
        assert.strictEqual(raw.state(), "closed")
      })
    )
  )

  it.effect("gets a normal response if the handler does not take the connection over, which stays open", () =>
    served(
      Effect.map(Exchange.exchange, ({ target, upgradeProtocols }) =>
        HttpServerResponse.unsafeJson([target, upgradeProtocols])
      ),
      Effect.gen(function* () {
        const raw = yield* connect
        yield* raw.send(upgrade + last("/next"))
        const seen = yield* raw.rest
        assert.deepStrictEqual(seen.match(/HTTP\/1.1 \d+|\[.*\]/g), [
          ...["HTTP/1.1 200", '["/up",["echo","other/2"]]'],
          ...["HTTP/1.1 200", '["/next",[]]']
        ])
      })
    )
  )

  it.effect("names the requested protocol by default, and waits for the request's body", () =>
    served(
      Effect.gen(function* () {
        const socket = yield* Exchange.upgrade()
        yield* socket.write("hi")
        return HttpServerResponse.empty()
      }),
      Effect.gen(function* () {
        const raw = yield* connect
        const head = `POST / HTTP/1.1\r\nHost: test\r\n${asking}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`
        yield* raw.send(head)
        assert.strictEqual(yield* raw.head, "HTTP/1.1 100 Continue\r\n\r\n")
        yield* raw.send("12345")
        assert.include(yield* raw.rest, "Upgrade: echo, other/2\r\nConnection: Upgrade\r\n\r\nhi")
      })
    )
  )

  it.effect("is refused if not requested, or once answered; the response continues", () =>
    served(
      Effect.gen(function* () {
        const refused = yield* Effect.flip(Exchange.upgrade())
        return HttpServerResponse.text(refused._tag)
      }),
      Effect.gen(function* () {
        assert.include(yield* talk(last()), "\r\n\r\nUpgradeNotAsked")
        const old = `GET / HTTP/1.0\r\n${asking}\r\n`
        assert.include(yield* talk(old), "\r\n\r\nUpgradeNotAsked")
      })
    )
  )

  it.effect("is possible once", () =>
    served(
      Effect.gen(function* () {
        const socket = yield* Exchange.upgrade()
        const again = yield* Effect.flip(Exchange.upgrade())
        const late = yield* Effect.flip(Exchange.processing)
        yield* socket.write(`${again._tag} ${late._tag}`)
        return HttpServerResponse.empty()
      }),
      Effect.gen(function* () {
        const raw = yield* connect
        yield* raw.send(upgrade)
        assert.match(yield* raw.rest, /\r\n\r\nHeadersSent HeadersSent$/)
      })
    )
  )

  it.effect("delivers everything a handler wrote before it ended, however slow the reader", () =>
    served(
      Effect.gen(function* () {
        const socket = yield* Exchange.upgrade()
        for (let i = 0; i < 20; i++) yield* socket.write("x".repeat(50_000))
        return HttpServerResponse.empty()
      }),
      Effect.gen(function* () {
        const raw = yield* connect
        yield* raw.send(upgrade)
        assert.strictEqual((yield* raw.rest).split("\r\n\r\n")[1]!.length, 1_000_000)
      })
    )
  )

  it.effect("is reset when a handler fails", () =>
    served(
      Effect.gen(function* () {
        const socket = yield* Exchange.upgrade()
        yield* socket.read
        return yield* Effect.die("a defect")
      }),
      Effect.gen(function* () {
        const raw = yield* connect
        yield* raw.send(upgrade)
        yield* raw.until("101")
        yield* raw.send("x")
        yield* raw.expectClosed
        assert.strictEqual(raw.state(), "ECONNRESET")
      })
    )
  )

  it.effect("a reset by the peer ends its own exchange, through reads, and no other", () =>
    Effect.gen(function* () {
      const ended = yield* Deferred.make<Exit.Exit<void, Socket.SocketError>>()
      const app = Effect.gen(function* () {
        const { url } = yield* HttpServerRequest.HttpServerRequest
        if (url !== "/up") return HttpServerResponse.text("fine")
        const socket = yield* Exchange.upgrade()
        yield* Deferred.succeed(ended, yield* Effect.exit(echo(socket)))
        return HttpServerResponse.empty()
      })
      yield* served(
        app,
        Effect.gen(function* () {
          const raw = yield* connect
          yield* raw.send(`${upgrade}x`)
          yield* raw.until("[x]")
          yield* raw.reset
          const exit = yield* Deferred.await(ended)
          assert(Exit.isFailure(exit) && exit.cause._tag === "Fail")
          assert.strictEqual(exit.cause.error._tag, "ConnectionReset")
          assert.include(yield* talk(last()), "fine")
        })
      )
    })
  )

  // In a `node:http` server such a reset ends the process, because no listener handles the socket's error
  // yet.
  it.effect("a reset before the hand-over interrupts the handler, as for any client that leaves", () =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      const ended = yield* Deferred.make<boolean>()
      const app = Effect.gen(function* () {
        const { url } = yield* HttpServerRequest.HttpServerRequest
        if (url !== "/up") return HttpServerResponse.text("fine")
        yield* Deferred.succeed(begun, undefined)
        yield* Effect.onInterrupt(Effect.never, () => Deferred.succeed(ended, true))
        yield* Exchange.upgrade()
        return HttpServerResponse.empty()
      })
      yield* served(
        app,
        Effect.gen(function* () {
          const raw = yield* connect
          yield* raw.send(upgrade)
          yield* Deferred.await(begun)
          yield* raw.reset
          assert.isTrue(yield* Deferred.await(ended))
          assert.include(yield* talk(last()), "fine")
        })
      )
    })
  )
})

describe.each(networks)("CONNECT on %s", (_, network) => {
  const served = servedOn(network)

  it.effect("opens a tunnel for a handler that takes it", () =>
    served(
      Effect.gen(function* () {
        const { target } = yield* Exchange.exchange
        const socket = yield* Exchange.upgrade()
        yield* socket.write(`to ${target}: `)
        yield* echo(socket)
        return HttpServerResponse.empty()
      }),
      Effect.gen(function* () {
        const raw = yield* connect
        yield* raw.send(`${tunnel}GET / HTTP/1.1\r\n`)
        yield* raw.until("]")
        yield* raw.end
        yield* raw.rest
        const seen = raw.received()
        assert.isTrue(seen.startsWith("HTTP/1.1 200 Connection Established\r\nDate: "), seen)
        assert.isTrue(seen.endsWith("\r\n\r\nto example.com:443: [GET / HTTP/1.1\r\n]"), seen)
        assert.notMatch(seen, /content-length|transfer-encoding|connection:/i)
      })
    )
  )

  it.effect(
    "is refused if the handler does not take the connection over; later bytes are never parsed as HTTP",
    () =>
      served(
        Effect.succeed(HttpServerResponse.text("hello")),
        Effect.gen(function* () {
          const seen = yield* talk(tunnel + last("/smuggled"))
          assert.match(seen, /^HTTP\/1.1 501 Not Implemented\r\n/)
          assert.include(seen, "Connection: close")
          assert.strictEqual(seen.split("HTTP/1.1").length, 2)
        })
      )
  )

  it.effect("can be refused with a response of the handler", () =>
    served(
      Effect.succeed(HttpServerResponse.text("not you", { status: 403 })),
      Effect.gen(function* () {
        const seen = yield* talk(tunnel)
        assert.match(seen, /^HTTP\/1.1 403 Forbidden\r\n/)
        assert.include(seen, "Connection: close")
        assert.include(seen, "not you")
      })
    )
  )
})
