/**
 * Sources of events with both clients, in virtual time: requests, reconnections, and responses that are not
 * read as events.
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Client, ServerSentEvents } from "@httpfx/core"
import { MemoryNetwork, RawPeer, VirtualClock } from "@httpfx/testing"

const after = VirtualClock.advance
const inMemory = Layer.provideMerge(MemoryNetwork.layer(), VirtualClock.layer())

interface Given {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly timeouts?: Client.Timeouts
}
type Options = ServerSentEvents.SourceOptions<unknown>
type Face = (
  given: Given,
  options?: Options
) => Stream.Stream<ServerSentEvents.Message, unknown, Client.Client | HttpClient.HttpClient>

const url = "http://a.test/"
const faces: Record<string, Face> = {
  Client: (given, options) => ServerSentEvents.request({ url, ...given }, options),
  "platform's": ({ headers = {}, method = "GET", timeouts }, options) =>
    ServerSentEvents.execute(
      HttpClientRequest.make(method as "GET")(url).pipe(HttpClientRequest.setHeaders(headers)),
      { ...options, requestOptions: { timeouts } }
    )
}

const causeOf = (error: unknown) =>
  typeof error === "object" && error !== null && "cause" in error && error.cause ? error.cause : error

const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`

describe.each(Object.keys(faces))("A source of events with the %s client", (name) => {
  /** Runs a test with a source and a scripted server. */
  const run = <A, E>(
    test: (world: {
      readonly server: RawPeer.RawServer
      readonly follow: (
        given?: Given,
        options?: Options
      ) => Effect.Effect<
        {
          readonly data: () => ReadonlyArray<string>
          readonly end: () => unknown
          readonly leave: Effect.Effect<void>
        },
        never,
        Scope.Scope | Client.Client | HttpClient.HttpClient
      >
    }) => Effect.Effect<A, E, Scope.Scope | VirtualClock.VirtualClock | Client.Client | HttpClient.HttpClient>
  ) =>
    Effect.gen(function* () {
      const server = yield* RawPeer.listen({ host: "a.test", port: 80 })
      const follow = (given: Given = {}, options?: Options) =>
        Effect.gen(function* () {
          const seen: Array<string> = []
          const fiber = yield* faces[name]!(given, options).pipe(
            Stream.runForEach(({ data }) => Effect.sync(() => seen.push(data))),
            Effect.forkScoped
          )
          /** Returns `ended`, the error of the source, or `undefined` while the source runs. */
          const end = () => {
            const exit = fiber.unsafePoll()
            if (exit === null) return undefined
            return Exit.isSuccess(exit)
              ? "ended"
              : causeOf(Option.getOrThrow(Cause.failureOption(exit.cause)))
          }
          return { data: () => seen, end, leave: Effect.asVoid(Fiber.interrupt(fiber)) }
        })
      return yield* test({ server, follow })
    }).pipe(Effect.provide(Layer.orDie(Client.layer)), Effect.scoped, Effect.provide(inMemory))

  it.live("asks for events, and reads them as they come", () =>
    run(({ follow, server }) =>
      Effect.gen(function* () {
        const source = yield* follow({ headers: { "x-own": "1" } })
        const peer = yield* server.accept
        const request = yield* peer.head
        assert.match(request, /^GET \/ HTTP\/1.1\r\n/)
        assert.match(request, /\r\naccept: text\/event-stream\r\n/i)
        assert.match(request, /\r\ncache-control: no-cache\r\n/i)
        assert.match(request, /\r\nx-own: 1\r\n/i)
        assert.notMatch(request, /last-event-id/i)
        yield* peer.send(`${head}Transfer-Encoding: chunked\r\n\r\n`, chunk("data: a\n\nda"))
        yield* after(0)
        assert.deepStrictEqual(source.data(), ["a"])
        yield* peer.send(chunk("ta: b\r"), chunk("\n\r\n"))
        yield* after(0)
        assert.deepStrictEqual(source.data(), ["a", "b"])
      })
    )
  )

  it.live("keeps the fields of the request, and sends a given id as UTF-8", () =>
    run(({ follow, server }) =>
      Effect.gen(function* () {
        const headers = { Accept: "text/event-stream, application/json", "cache-control": "max-age=0" }
        yield* follow({ headers }, { lastEventId: "ä7" })
        const request = yield* (yield* server.accept).head
        assert.match(request, /\r\naccept: text\/event-stream, application\/json\r\n/i)
        assert.match(request, /\r\ncache-control: max-age=0\r\n/i)
        assert.match(request, /\r\nlast-event-id: \xc3\xa47\r\n/i)
        assert.strictEqual(request.match(/accept:/gi)?.length, 1)
      })
    )
  )

  it.live("reconnects without an id that cannot be a field value", () =>
    run(({ follow, server }) =>
      Effect.gen(function* () {
        for (const id of ["a\x01", "\x7f"]) {
          const told: Array<string> = []
          const source = yield* follow(
            {},
            { onReconnect: ({ lastEventId }) => Effect.sync(() => told.push(lastEventId)) }
          )
          const first = yield* server.accept
          yield* first.head
          yield* first.send(`${head}Connection: close\r\n\r\nid: ${id}\ndata: a\n\n`)
          yield* first.end
          yield* after("3 seconds")
          assert.notMatch(yield* (yield* server.accept).head, /last-event-id/i)
          assert.deepStrictEqual(told, [""])
          yield* source.leave
        }
      })
    )
  )

  it.live("reconnects with the last id, after the time that the server has set", () =>
    run(({ follow, server }) =>
      Effect.gen(function* () {
        const told: Array<unknown> = []
        let opened = 0
        const source = yield* follow(
          {},
          {
            onOpen: () => Effect.sync(() => opened++),
            onReconnect: ({ delay, lastEventId, reason }) =>
              Effect.sync(() => told.push([reason._tag, delay, lastEventId]))
          }
        )
        const first = yield* server.accept
        yield* first.head
        yield* first.send(`${head}Connection: close\r\n\r\nid: 1\ndata: a\n\nid: 2\ndata: lost`)
        yield* first.end
        yield* after("2999 millis")
        assert.strictEqual(server.count(), 1)
        yield* after("1 millis")
        // The event with id 2 was incomplete, so its id does not count.
        const second = yield* server.accept
        assert.match(yield* second.head, /\r\nlast-event-id: 1\r\n/i)
        yield* second.send(
          `${head}Transfer-Encoding: chunked\r\n\r\n`,
          chunk("retry: 10000\nid: 2\ndata: b\n\n")
        )
        yield* after(0)
        yield* second.reset
        yield* after("9999 millis")
        assert.strictEqual(server.count(), 2)
        yield* after("1 millis")
        const third = yield* server.accept
        assert.match(yield* third.head, /\r\nlast-event-id: 2\r\n/i)
        // The `retry` of the earlier response still applies.
        yield* third.send(`${head}Content-Length: 3\r\n\r\n:\n\n`)
        yield* after("10 seconds")
        const fourth = yield* server.accept
        assert.match(yield* fourth.head, /\r\nlast-event-id: 2\r\n/i)
        assert.deepStrictEqual(told, [
          ["Ended", 3000, "1"],
          ["Failed", 10_000, "2"],
          ["Ended", 10_000, "2"]
        ])
        assert.strictEqual(opened, 3)
        assert.deepStrictEqual(source.data(), ["a", "b"])
      })
    )
  )

  it.live("waits longer with each failed attempt, and starts over after an event", () =>
    run(({ follow, server }) =>
      Effect.gen(function* () {
        const delays: Array<number> = []
        yield* follow(
          {},
          { reconnectionTime: 0, onReconnect: ({ delay }) => Effect.sync(() => delays.push(delay)) }
        )
        for (let n = 0; n < 8; n++) {
          const peer = yield* server.accept
          yield* peer.head
          yield* peer.reset
          yield* after("1 minute")
        }
        const peer = yield* server.accept
        yield* peer.head
        yield* peer.send(`${head}Content-Length: 9\r\n\r\ndata: a\n\n`)
        yield* after(0)
        for (const [i, wanted] of [100, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 100].entries()) {
          assert.isAtLeast(delays[i]!, wanted * 0.8)
          assert.isAtMost(delays[i]!, wanted * 1.2)
        }
      })
    )
  )

  // Bodies of responses that end at once, from broken or hostile servers, and the delays before each
  // reconnection.
  const ending: ReadonlyArray<[name: string, body: string, delays: ReadonlyArray<number>]> = [
    ["nothing", "", [3000, 3000, 3000, 4000, 8000, 16_000]],
    ["a comment", ":\n\n", [3000, 3000, 3000, 4000, 8000, 16_000]],
    ["retry: 0", "retry: 0\n\n", [100, 1000, 2000, 4000, 8000, 16_000]],
    ["half of an event", "retry: 0\ndata: a\n", [100, 1000, 2000, 4000, 8000, 16_000]],
    ["an event and retry: 0", "retry: 0\ndata: a\n\n", [100, 100, 100, 100, 100, 100]],
    ["an event and retry: 99", "retry: 99\ndata: a\n\n", [100, 100, 100, 100, 100, 100]],
    ["an event and retry: 101", "retry: 101\ndata: a\n\n", [101, 101, 101, 101, 101, 101]]
  ]
  it.live.each(ending)("does not reconnect in a tight loop after responses with %s", ([, body, wanted]) =>
    run(({ follow, server }) =>
      Effect.gen(function* () {
        const delays: Array<number> = []
        yield* follow({}, { onReconnect: ({ delay }) => Effect.sync(() => delays.push(delay)) })
        for (let n = 0; n < wanted.length; n++) {
          const peer = yield* server.accept
          yield* peer.head
          yield* peer.send(`${head}Connection: close\r\n\r\n${body}`)
          yield* peer.end
          yield* after("1 minute")
        }
        for (const [i, least] of wanted.entries()) {
          assert.isAtLeast(delays[i]!, least <= 100 ? 100 : least * 0.8)
          assert.isAtMost(delays[i]!, least * 1.2)
        }
      })
    )
  )

  it.live("sends an id unchanged, however long", () =>
    run(({ follow, server }) =>
      Effect.gen(function* () {
        yield* follow({}, { reconnectionTime: 0 })
        const id = "ä".repeat(200_000)
        const first = yield* server.accept
        yield* first.head
        yield* first.send(
          `${head}Connection: close\r\n\r\n`,
          new TextEncoder().encode(`id: ${id}\ndata: a\n\n`)
        )
        yield* first.end
        yield* after("1 second")
        const request = yield* (yield* server.accept).head
        assert.strictEqual(/\r\nlast-event-id: (\S+)\r\n/i.exec(request)?.[1], "\xc3\xa4".repeat(200_000))
      })
    )
  )

  it.live("limits the `retry` time that a server sets", () =>
    run(({ follow, server }) =>
      Effect.gen(function* () {
        const delays: Array<number> = []
        yield* follow({}, { onReconnect: ({ delay }) => Effect.sync(() => delays.push(delay)) })
        const peer = yield* server.accept
        yield* peer.head
        yield* peer.send(`${head}Connection: close\r\n\r\nretry: 99999999999999999999\n\n`)
        yield* peer.end
        yield* after(0)
        assert.deepStrictEqual(delays, [300_000])
      })
    )
  )

  it.live("reconnects by a schedule, and then ends as the last response did", () =>
    run(({ follow, server }) =>
      Effect.gen(function* () {
        const source = yield* follow({}, { reconnect: Schedule.recurs(1) })
        const lost = yield* server.accept
        yield* lost.head
        yield* lost.reset
        yield* after("3 seconds")
        const again = yield* server.accept
        yield* again.head
        yield* again.reset
        yield* after(0)
        assert.deepInclude(source.end(), { _tag: "ConnectionReset" })

        const ending = yield* follow({}, { reconnect: Schedule.stop })
        const peer = yield* server.accept
        yield* peer.head
        yield* peer.send(`${head}Content-Length: 9\r\n\r\ndata: a\n\n`)
        yield* after(0)
        assert.strictEqual(ending.end(), "ended")
        assert.deepStrictEqual(ending.data(), ["a"])
      })
    )
  )

  it.live("does not repeat a POST unless the options permit it", () =>
    run(({ follow, server }) =>
      Effect.gen(function* () {
        const source = yield* follow({ method: "POST" })
        const peer = yield* server.accept
        yield* peer.head
        yield* peer.send(`${head}Content-Length: 9\r\n\r\ndata: a\n\n`)
        yield* after("1 hour")
        assert.strictEqual(source.end(), "ended")
        const again = yield* follow({ method: "POST" }, { reconnect: Schedule.forever })
        const second = yield* server.accept
        yield* second.head
        yield* second.send(`${head}Content-Length: 9\r\n\r\ndata: a\n\n`)
        yield* after("3 seconds")
        assert.match(yield* second.head, /^POST /)
        assert.isUndefined(again.end())
      })
    )
  )

  it.live("ends at 204", () =>
    run(({ follow, server }) =>
      Effect.gen(function* () {
        const source = yield* follow()
        const peer = yield* server.accept
        yield* peer.head
        yield* peer.send("HTTP/1.1 204 No Content\r\n\r\n")
        yield* after("1 hour")
        assert.strictEqual(source.end(), "ended")
        assert.strictEqual(server.count(), 1)
      })
    )
  )

  const types: ReadonlyArray<readonly [string, boolean]> = [
    ["text/event-stream", true],
    ["TEXT/Event-Stream", true],
    ["text/event-stream;charset=utf-8", true],
    ["text/event-stream ; x=y", true],
    ["text/event-streams", false],
    ["text/plain", false],
    ["text/plain, text/event-stream", false],
    ["", false]
  ]
  it.live.each(types)("content type %j: %s", ([type, follows]) =>
    run(({ follow, server }) =>
      Effect.gen(function* () {
        const source = yield* follow()
        const peer = yield* server.accept
        yield* peer.head
        const field = type === "" ? "" : `Content-Type: ${type}\r\n`
        yield* peer.send(
          `HTTP/1.1 200 OK\r\n${field}Transfer-Encoding: chunked\r\n\r\n`,
          chunk("data: a\n\n")
        )
        yield* after("1 hour")
        if (follows) return assert.deepStrictEqual(source.data(), ["a"])
        assert.deepInclude(source.end(), { _tag: "NotAnEventStream", status: 200 })
        assert.strictEqual((source.end() as { contentType?: string }).contentType, type || undefined)
        // The client does not read this body, so it closes the connection.
        yield* peer.expectClosed
      })
    )
  )

  it.live.each([201, 206, 301, 400, 404, 429, 500, 503])("status %i is not followed", (status) =>
    run(({ follow, server }) =>
      Effect.gen(function* () {
        const source = yield* follow()
        const peer = yield* server.accept
        yield* peer.head
        yield* peer.send(
          `HTTP/1.1 ${status} Status\r\nContent-Type: text/event-stream\r\nContent-Length: 9\r\n\r\ndata: a\n\n`
        )
        yield* after("1 hour")
        assert.deepInclude(source.end(), { _tag: "NotAnEventStream", status })
        assert.strictEqual(server.count(), 1)
      })
    )
  )

  it.live("fails at a line that is too long, after the earlier events", () =>
    run(({ follow, server }) =>
      Effect.gen(function* () {
        const source = yield* follow({}, { maxLineSize: 10 })
        const peer = yield* server.accept
        yield* peer.head
        yield* peer.send(`${head}Transfer-Encoding: chunked\r\n\r\n`, chunk("data: a\n\ndata: abcdefg"))
        yield* after("1 hour")
        assert.deepStrictEqual(source.data(), ["a"])
        assert.deepInclude(source.end(), { _tag: "EventTooLarge", option: "maxLineSize", limit: 10 })
        yield* peer.expectClosed
      })
    )
  )

  it.live("reconnects if the connection is silent for longer than `timeouts.body`", () =>
    run(({ follow, server }) =>
      Effect.gen(function* () {
        const reasons: Array<unknown> = []
        yield* follow(
          { timeouts: { body: "20 seconds" } },
          { onReconnect: ({ reason }) => Effect.sync(() => reasons.push(reason)) }
        )
        const peer = yield* server.accept
        yield* peer.head
        yield* peer.send(`${head}Transfer-Encoding: chunked\r\n\r\n`)
        for (let n = 0; n < 4; n++) {
          yield* after("15 seconds")
          yield* peer.send(chunk(":\n\n"))
        }
        assert.deepStrictEqual(reasons, [])
        yield* after("23 seconds")
        assert.strictEqual(reasons.length, 1)
        yield* (yield* server.accept).head
      })
    )
  )

  it.live("aborts its exchange when its reader leaves, also during a wait", () =>
    run(({ follow, server }) =>
      Effect.gen(function* () {
        const source = yield* follow()
        const peer = yield* server.accept
        yield* peer.head
        yield* peer.send(`${head}Transfer-Encoding: chunked\r\n\r\n`, chunk("data: a\n\n"))
        yield* after(0)
        yield* source.leave
        yield* peer.expectClosed
        const waiting = yield* follow()
        const second = yield* server.accept
        yield* second.head
        yield* second.reset
        yield* after("1 seconds")
        yield* waiting.leave
        yield* after("1 hour")
        assert.strictEqual(server.count(), 2)
      })
    )
  )

  it.live("fails if the request can never succeed", () =>
    run(({ follow }) =>
      Effect.gen(function* () {
        const source = yield* follow({ method: "GE T" })
        yield* after("1 hour")
        assert.deepInclude(source.end(), { _tag: "InvalidToken" })
        for (const [option, value] of [
          ["lastEventId", 7],
          ["reconnectionTime", -1],
          ["maxReconnectionTime", Infinity],
          ["maxLineSize", -1],
          ["maxEventSize", "1"],
          ["onOpen", true],
          ["onReconnect", "told"]
        ] as const) {
          const refused = yield* follow({}, { [option]: value })
          yield* after(0)
          assert.deepInclude(refused.end(), { _tag: "InvalidOption", option })
        }
      })
    )
  )
})
