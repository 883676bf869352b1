/**
 * Responses of server-sent events, in virtual time: bytes, heartbeats, backpressure, draining, clients that
 * leave, and `Last-Event-ID`.
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Server, ServerSentEvents, Transport } from "@httpfx/core"
import { MemoryNetwork, RawPeer, VirtualClock } from "@httpfx/testing"
import { get, last } from "../../support/served.js"

const connect = RawPeer.connect(Transport.tcp("127.0.0.1", 80))
const after = VirtualClock.advance
const inMemory = Layer.provideMerge(MemoryNetwork.layer(), VirtualClock.layer())

/** Starts a server in a separate scope, which the test closes. */
const serving = <E>(app: HttpApp.Default<E, Scope.Scope>, options: Server.ServerOptions = {}) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const server = yield* Scope.extend(Server.make({ port: 80, host: "127.0.0.1", ...options }), scope)
    yield* Scope.extend(server.httpServer.serve(Effect.orDie(app) as HttpApp.Default<never>), scope)
    yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
    return { server, closing: Effect.fork(Scope.close(scope, Exit.void)) }
  })

const every = (time: "1 second" | "20 seconds") =>
  Stream.fromSchedule(Schedule.spaced(time)).pipe(Stream.map((n) => ({ id: `${n}`, data: `tick ${n}` })))

const run = <A, E>(
  test: Effect.Effect<A, E, Scope.Scope | VirtualClock.VirtualClock | Layer.Layer.Success<typeof inMemory>>
) => Effect.provide(Effect.scoped(test), inMemory)

/** Removes the chunk sizes from the body of a chunked response. */
const unchunked = (text: string) => text.replace(/[0-9a-f]+\r\n([^]*?)\r\n/g, "$1")

describe("A response of events", () => {
  it.live("has its fields, and its bytes", () =>
    run(
      Effect.gen(function* () {
        const events = Stream.make({ data: "a" }, { event: "b", data: "c\nd" })
        yield* serving(ServerSentEvents.response(events, { retry: "2 seconds" }))
        const peer = yield* connect
        yield* peer.send(last())
        const head = yield* peer.head
        assert.match(head, /^HTTP\/1.1 200 OK\r\n/)
        assert.match(head, /\r\ncontent-type: text\/event-stream\r\n/i)
        assert.match(head, /\r\ncache-control: no-store\r\n/i)
        assert.match(head, /\r\nx-accel-buffering: no\r\n/i)
        assert.strictEqual(
          unchunked(yield* peer.rest),
          "retry: 2000\n\ndata: a\n\nevent: b\ndata: c\ndata: d\n\n"
        )
      })
    )
  )

  it.live("has other fields if they are given", () =>
    run(
      Effect.gen(function* () {
        const headers = { "Cache-Control": "private", "x-own": "1" }
        yield* serving(Stream.empty.pipe(ServerSentEvents.response({ headers })))
        const peer = yield* connect
        yield* peer.send(last())
        const head = yield* peer.head
        assert.match(head, /\r\ncache-control: private\r\n/i)
        assert.match(head, /\r\nx-own: 1\r\n/i)
        assert.notMatch(head, /no-store/)
      })
    )
  )

  it.live("sends its head before the first event", () =>
    run(
      Effect.gen(function* () {
        yield* serving(ServerSentEvents.response(Stream.never))
        const peer = yield* connect
        yield* peer.send(get())
        assert.match(yield* peer.head, /text\/event-stream/)
      })
    )
  )

  it.live("has no body for HEAD, and ends with the connection for HTTP/1.0", () =>
    run(
      Effect.gen(function* () {
        yield* serving(ServerSentEvents.response(Stream.make({ data: "a" })))
        const peer = yield* connect
        yield* peer.send("HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert.match(yield* peer.head, /text\/event-stream/)
        assert.strictEqual(yield* peer.rest, "")
        const old = yield* connect
        yield* old.send("GET / HTTP/1.0\r\n\r\n")
        assert.notMatch(yield* old.head, /chunked/)
        assert.strictEqual(yield* old.rest, "data: a\n\n")
      })
    )
  )

  it.live("can use services of the handler's context", () => {
    class Name extends Context.Tag("Name")<Name, string>() {}
    const events = Stream.fromEffect(Effect.map(Name, (data) => ({ data })))
    return run(
      Effect.gen(function* () {
        yield* serving(Effect.provideService(ServerSentEvents.response(events), Name, "tea"))
        const peer = yield* connect
        yield* peer.send(last())
        yield* peer.head
        assert.strictEqual(unchunked(yield* peer.rest), "data: tea\n\n")
      })
    )
  })

  it.live("is cut off at an event that cannot be sent, after the earlier events", () =>
    run(
      Effect.gen(function* () {
        const failures: Array<unknown> = []
        const events = Stream.make({ data: "a" }, { id: "1\n", data: "b" }, { data: "c" })
        yield* serving(
          Effect.map(ServerSentEvents.response(events), (response) =>
            response.body._tag !== "Stream"
              ? response
              : HttpServerResponse.stream(
                  Stream.tapError(response.body.stream, (error) => Effect.sync(() => failures.push(error)))
                )
          )
        )
        const peer = yield* connect
        yield* peer.send(get())
        yield* peer.head
        const received = unchunked(yield* peer.rest)
        assert.strictEqual(received, "data: a\n\n")
        assert.deepInclude(failures[0], { _tag: "InvalidEvent", field: "id" })
      })
    )
  )

  it.live("refuses invalid options by name", () =>
    Effect.gen(function* () {
      const request = HttpServerRequest.fromWeb(new Request("http://a.test/"))
      for (const [option, values] of [
        ["heartbeat", [-1, NaN, "soon"]],
        ["retry", [-1, Infinity, "soon"]]
      ] as const)
        for (const value of values) {
          const error = yield* ServerSentEvents.response(Stream.empty, { [option]: value as number }).pipe(
            Effect.provideService(HttpServerRequest.HttpServerRequest, request),
            Effect.sandbox,
            Effect.flip,
            Effect.map((cause) => Option.getOrThrow(Cause.dieOption(cause)) as object)
          )
          assert.deepInclude(error, { _tag: "InvalidOption", option })
        }
    })
  )
})

describe("Heartbeats", () => {
  it.live("are sent only while no event is sent", () =>
    run(
      Effect.gen(function* () {
        yield* serving(ServerSentEvents.response(every("20 seconds")))
        const peer = yield* connect
        yield* peer.send(get())
        yield* peer.head
        const received: Array<string> = []
        for (let seconds = 0; seconds < 60; seconds += 5) {
          yield* after("5 seconds")
          const bytes = peer.unread()
          if (bytes !== "") received.push(`${seconds + 5}: ${unchunked(yield* peer.take(bytes.length))}`)
        }
        assert.deepStrictEqual(received, [
          "15: :\n\n",
          "20: id: 0\ndata: tick 0\n\n",
          "35: :\n\n",
          "40: id: 1\ndata: tick 1\n\n",
          "55: :\n\n",
          "60: id: 2\ndata: tick 2\n\n"
        ])
      })
    )
  )

  it.live("lose no event, and end with the stream", () =>
    run(
      Effect.gen(function* () {
        yield* serving(
          ServerSentEvents.response(Stream.take(every("20 seconds"), 3), { heartbeat: "3 seconds" })
        )
        const peer = yield* connect
        yield* peer.send(last())
        yield* peer.head
        yield* after("2 minutes")
        const received = unchunked(yield* peer.rest)
        assert.strictEqual(
          received.replaceAll(":\n\n", ""),
          [0, 1, 2].map((n) => `id: ${n}\ndata: tick ${n}\n\n`).join("")
        )
        assert.strictEqual(received.match(/^:$/gm)?.length, 18)
      })
    )
  )

  it.live("can be left out", () =>
    run(
      Effect.gen(function* () {
        yield* serving(ServerSentEvents.response(Stream.never, { heartbeat: Infinity }))
        const peer = yield* connect
        yield* peer.send(get())
        yield* peer.head
        yield* after("1 hour")
        assert.strictEqual(peer.unread(), "")
        assert.strictEqual(peer.state(), "open")
      })
    )
  )

  it.live("do not accumulate while the client does not read, and neither do events", () =>
    run(
      Effect.gen(function* () {
        let made = 0
        const events = Stream.repeatEffect(
          Effect.as(
            Effect.delay(
              Effect.sync(() => made++),
              "1 second"
            ),
            { data: "x".repeat(10_000) }
          )
        )
        yield* serving(ServerSentEvents.response(events, { heartbeat: "100 millis" }))
        const peer = yield* connect
        yield* peer.pause
        yield* peer.send(get())
        yield* after("1 hour")
        assert.isAbove(made, 0)
        assert.isBelow(made, 40)
        assert.strictEqual(peer.state(), "open")
      })
    )
  )
})

describe("The end of a response of events", () => {
  const watched = () => {
    const seen = { begun: 0, ended: 0 }
    const events = Stream.acquireRelease(
      Effect.sync(() => seen.begun++),
      () => Effect.sync(() => seen.ended++)
    ).pipe(Stream.flatMap(() => every("1 second")))
    return { seen, events }
  }

  it.live("comes in order when the server drains", () =>
    run(
      Effect.gen(function* () {
        const { events, seen } = watched()
        const { closing } = yield* serving(ServerSentEvents.response(events))
        const peer = yield* connect
        yield* peer.send(get())
        yield* peer.head
        yield* after("1500 millis")
        const fiber = yield* closing
        yield* after("1 minute")
        const rest = yield* peer.rest
        assert.strictEqual(unchunked(rest).slice(0, 20), "id: 0\ndata: tick 0\n\n")
        assert.match(rest, /\r\n0\r\n\r\n$/)
        assert.deepStrictEqual(seen, { begun: 1, ended: 1 })
        assert.isNotNull(fiber.unsafePoll())
      })
    )
  )

  it.live("interrupts the stream when the client leaves", () =>
    run(
      Effect.gen(function* () {
        for (const leave of ["reset", "end"] as const) {
          const { events, seen } = watched()
          const scope = yield* Scope.make()
          yield* Effect.gen(function* () {
            yield* serving(ServerSentEvents.response(events))
            const peer = yield* connect
            yield* peer.send(get())
            yield* peer.head
            yield* after("1500 millis")
            yield* peer[leave]
            yield* after("0 millis")
            assert.deepStrictEqual(seen, { begun: 1, ended: 1 })
          }).pipe(Scope.extend(scope))
          yield* Effect.fork(Scope.close(scope, Exit.void))
          yield* after("1 minute")
        }
      })
    )
  )
})

describe("Last-Event-ID", () => {
  const told = (fields: string) =>
    run(
      Effect.gen(function* () {
        const seen: Array<unknown> = []
        const app = Effect.gen(function* () {
          seen.push(yield* ServerSentEvents.lastEventId)
          seen.push(yield* Effect.either(ServerSentEvents.schemaLastEventId(Schema.NumberFromString)))
          return HttpServerResponse.empty()
        })
        yield* serving(app)
        const peer = yield* connect
        yield* peer.send(get("/", fields))
        yield* peer.head
        return seen
      })
    )

  it.live.each([
    ["no field", "", Option.none()],
    ["an empty field", "Last-Event-ID:\r\n", Option.none()],
    ["an id with a byte order mark", "Last-Event-ID: \xef\xbb\xbfa\r\n", Option.some("\ufeffa")],
    ["a number", "Last-Event-ID: 7\r\n", Option.some("7")],
    ["UTF-8", "Last-Event-ID: \xc3\xa4 \xe2\x82\xac\r\n", Option.some("ä €")],
    ["no UTF-8", "Last-Event-ID: \xe4\r\n", Option.some("\uFFFD")]
  ] as const)("%s", ([, fields, wanted]) =>
    Effect.gen(function* () {
      const [id, number] = yield* told(fields)
      assert.deepStrictEqual(id, wanted)
      const tag = Option.isSome(wanted) && wanted.value !== "7" ? "Left" : "Right"
      assert.deepInclude(number, { _tag: tag })
      if (tag === "Right")
        assert.deepStrictEqual(
          (number as { right: unknown }).right,
          Option.map(wanted as Option.Option<string>, Number)
        )
    })
  )
})
