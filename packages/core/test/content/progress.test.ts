/** Progress of uploads and downloads, with both clients, in virtual time. */
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Client, type HttpError, Progress } from "@httpfx/core"
import { MemoryNetwork, RawPeer, VirtualClock } from "@httpfx/testing"

const world = Layer.provideMerge(
  Client.layer,
  Layer.provideMerge(MemoryNetwork.layer(), VirtualClock.layer())
)
const after = VirtualClock.advance
const url = "http://a.test/"
const encoder = new TextEncoder()

type Body = string | Uint8Array | FormData | Stream.Stream<Uint8Array, "broken">
interface Given {
  readonly body?: Body
  readonly headers?: Readonly<Record<string, string>>
}
interface Face {
  readonly upload: (
    given: Given,
    report: Progress.Report,
    options?: Progress.Options
  ) => Effect.Effect<number, unknown, Client.Client | HttpClient.HttpClient>
  readonly download: (
    report: Progress.Report,
    options?: Progress.Options
  ) => Effect.Effect<string, unknown, Client.Client | HttpClient.HttpClient>
}
const text = (stream: Stream.Stream<Uint8Array, unknown>) => Stream.mkString(Stream.decodeText(stream))

const faces: Record<string, Face> = {
  Client: {
    upload: (given, report, options) =>
      Effect.map(
        Client.request(Progress.upload({ url, method: "PUT", ...given }, report, options)),
        ({ status }) => status
      ),
    download: (report, options) =>
      Effect.flatMap(Client.request({ url }), (response) =>
        text(Progress.download(response, report, options))
      )
  },
  "platform's": {
    upload: ({ body, headers = {} }, report, options) =>
      HttpClientRequest.put(url).pipe(
        HttpClientRequest.setBody(
          body === undefined
            ? HttpBody.empty
            : typeof body === "string"
              ? HttpBody.text(body)
              : body instanceof Uint8Array
                ? HttpBody.uint8Array(body)
                : body instanceof FormData
                  ? HttpBody.formData(body)
                  : HttpBody.stream(body)
        ),
        HttpClientRequest.setHeaders(headers),
        Progress.upload(report, options),
        HttpClient.execute,
        Effect.map(({ status }) => status)
      ),
    download: (report, options) =>
      Effect.flatMap(HttpClient.get(url), (response) => text(Progress.download(response, report, options)))
  }
}

const causesOf = (error: unknown): ReadonlyArray<unknown> =>
  typeof error === "object" && error !== null && "cause" in error && error.cause !== undefined
    ? [error, ...causesOf(error.cause)]
    : [error]

describe.each(Object.keys(faces))("Progress with the %s client", (name) => {
  const { download, upload } = faces[name]!
  const run = <A, E>(
    test: (
      server: RawPeer.RawServer
    ) => Effect.Effect<A, E, Scope.Scope | Client.Client | HttpClient.HttpClient | VirtualClock.VirtualClock>
  ) =>
    Effect.flatMap(RawPeer.listen({ host: "a.test", port: 80 }), test).pipe(
      Effect.scoped,
      Effect.provide(world)
    )
  const counting = () => {
    const seen: Array<string> = []
    const report: Progress.Report = ({ bytes, done, total }) =>
      Effect.sync(() => seen.push(`${bytes}/${total ?? "?"}${done ? " done" : ""}`))
    return { seen, report }
  }
  const ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

  const form = new FormData()
  form.set("a", "1")
  const bodies: ReadonlyArray<
    readonly [string, Given, field: RegExp, body: RegExp, seen: ReadonlyArray<string>]
  > = [
    ["text", { body: "tëa" }, /content-length: 4/i, /^t\xc3\xaba$/, ["0/4", "4/4", "4/4 done"]],
    ["bytes", { body: encoder.encode("tea") }, /content-length: 3/i, /^tea$/, ["0/3", "3/3", "3/3 done"]],
    ["empty text", { body: "" }, /content-length: 0/i, /^$/, ["0/0", "0/0 done"]],
    [
      "a stream",
      { body: Stream.make(encoder.encode("te"), encoder.encode("a")).pipe(Stream.rechunk(1)) },
      /transfer-encoding: chunked/i,
      /^2\r\nte\r\n1\r\na\r\n0\r\n\r\n$/,
      ["0/?", "2/?", "3/?", "3/? done"]
    ],
    [
      "a stream with a length",
      { body: Stream.make(encoder.encode("tea")), headers: { "Content-Length": "3" } },
      /content-length: 3/i,
      /^tea$/,
      ["0/3", "3/3", "3/3 done"]
    ],
    [
      "form data",
      { body: form },
      /content-type: multipart\/form-data; boundary=/i,
      /name="a"\r\n\r\n1\r\n/,
      []
    ]
  ]
  it.live.each(bodies)("counts the upload of %s", ([, given, field, body, wanted]) =>
    run((server) =>
      Effect.gen(function* () {
        const { report, seen } = counting()
        const fiber = yield* Effect.fork(upload(given, report, { interval: 0 }))
        const peer = yield* server.accept
        const head = yield* peer.head
        assert.match(head, field)
        assert.strictEqual(head.match(/content-length/gi)?.length ?? 0, /content-length/i.test(head) ? 1 : 0)
        yield* after(0)
        assert.match(yield* peer.take(peer.unread().length), body)
        yield* peer.send(ok)
        assert.strictEqual(yield* fiber, 200)
        if (given.body instanceof FormData) {
          assert.strictEqual(seen[0], "0/?")
          assert.match(seen.at(-1)!, /^\d{2,}\/\? done$/)
        } else assert.deepStrictEqual(seen, wanted)
      })
    )
  )

  it.live("counts nothing of a request without a body", () =>
    run((server) =>
      Effect.gen(function* () {
        const { report, seen } = counting()
        const fiber = yield* Effect.fork(upload({}, report))
        const peer = yield* server.accept
        yield* peer.head
        yield* peer.send(ok)
        yield* fiber
        assert.deepStrictEqual(seen, [])
      })
    )
  )

  it.live("reports a large body in memory piece by piece, only as fast as the server reads", () =>
    run((server) =>
      Effect.gen(function* () {
        const { report, seen } = counting()
        const size = 10_000_000
        const fiber = yield* Effect.fork(upload({ body: new Uint8Array(size) }, report, { interval: 0 }))
        const peer = yield* server.accept
        yield* peer.head
        yield* peer.pause
        yield* after("1 second")
        const [held] = /^\d+/.exec(seen.at(-1)!)!
        assert.isAbove(Number(held), 0)
        assert.isBelow(Number(held), size)
        yield* peer.resume
        yield* after(0)
        yield* peer.take(peer.unread().length)
        yield* after("1 second")
        yield* peer.send(ok)
        yield* fiber
        assert.strictEqual(seen.at(-1), `${size}/${size} done`)
        assert.isAbove(seen.length, 100)
      })
    )
  )

  it.live("reports at most once per `interval`", () =>
    run((server) =>
      Effect.gen(function* () {
        const { report, seen } = counting()
        const body = Stream.fromSchedule(Schedule.spaced("10 millis")).pipe(
          Stream.as(new Uint8Array(1)),
          Stream.take(100)
        )
        const fiber = yield* Effect.fork(upload({ body }, report, { interval: "250 millis" }))
        const peer = yield* server.accept
        yield* peer.head
        yield* after("2 seconds")
        yield* peer.send(ok)
        yield* fiber
        assert.deepStrictEqual(seen, ["0/?", "25/?", "50/?", "75/?", "100/?", "100/? done"])
      })
    )
  )

  it.live("never reports a failed upload as done", () =>
    run((server) =>
      Effect.gen(function* () {
        const { report, seen } = counting()
        const body = Stream.concat(Stream.make(encoder.encode("te")), Stream.fail("broken" as const))
        const fiber = yield* Effect.fork(Effect.flip(upload({ body }, report, { interval: 0 })))
        yield* (yield* server.accept).expectReset
        assert.include(causesOf(yield* fiber), "broken")
        assert.deepStrictEqual(seen, ["0/?", "2/?"])
      })
    )
  )

  it.live("counts downloads, with and without a length", () =>
    run((server) =>
      Effect.gen(function* () {
        for (const [field, total] of [
          ["Content-Length: 6\r\n", "6"],
          ["Connection: close\r\n", "?"]
        ] as const) {
          const { report, seen } = counting()
          const fiber = yield* Effect.fork(download(report))
          const peer = yield* server.accept
          yield* peer.head
          yield* peer.send(`HTTP/1.1 200 OK\r\n${field}\r\nabc`)
          yield* after("150 millis")
          yield* peer.send("d")
          yield* after("50 millis")
          yield* peer.send("ef")
          yield* peer.end
          yield* after(0)
          assert.strictEqual(yield* fiber, "abcdef")
          assert.deepStrictEqual(seen, [`0/${total}`, `4/${total}`, `6/${total} done`])
        }
      })
    )
  )

  it.live("aborts a download whose reader leaves, and never reports a truncated download as done", () =>
    run((server) =>
      Effect.gen(function* () {
        const { report, seen } = counting()
        const left = yield* Effect.fork(download(report, { interval: 0 }))
        const peer = yield* server.accept
        yield* peer.head
        yield* peer.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc")
        yield* after(0)
        yield* Fiber.interrupt(left)
        yield* peer.expectClosed
        const cut = yield* Effect.fork(Effect.flip(download(report, { interval: 0 })))
        const other = yield* server.accept
        yield* other.head
        yield* other.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcd")
        yield* after(0)
        yield* other.reset
        yield* cut
        assert.deepStrictEqual(seen, ["0/6", "3/6", "0/6", "4/6"])
      })
    )
  )

  it.live("refuses an invalid option when the body is needed", () =>
    run((server) =>
      Effect.gen(function* () {
        const { report } = counting()
        const options = { interval: -1 }
        const uploading = yield* Effect.fork(Effect.flip(upload({ body: "tea" }, report, options)))
        yield* (yield* server.accept).expectReset
        const found = causesOf(yield* uploading).at(-1) as HttpError.InvalidOption
        assert.deepInclude(found, { _tag: "InvalidOption", option: "interval" })
        const downloading = yield* Effect.fork(Effect.flip(download(report, options)))
        const peer = yield* server.accept
        yield* peer.head
        yield* peer.send(ok)
        assert.deepInclude(yield* downloading, { _tag: "InvalidOption", option: "interval" })
      })
    )
  )

  it.live("is available as a stream, which ends or fails with the download", () =>
    run((server) =>
      Effect.gen(function* () {
        const counts = Progress.counts((report) => download(report, { interval: 0 }))
        const fiber = yield* Effect.fork(Stream.runCollect(counts))
        const peer = yield* server.accept
        yield* peer.head
        yield* peer.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc")
        assert.deepStrictEqual(Chunk.toReadonlyArray(yield* fiber), [
          { bytes: 0, total: 3, done: false },
          { bytes: 3, total: 3, done: false },
          { bytes: 3, total: 3, done: true }
        ])
        const failing = yield* Effect.fork(Effect.flip(Stream.runCollect(counts)))
        const second = yield* server.accept
        yield* second.head
        yield* second.reset
        assert.include(
          causesOf(yield* failing).map((error) => (error as { readonly _tag?: string })._tag),
          "ConnectionReset"
        )
        const leaving = yield* Effect.fork(Stream.runCollect(Stream.take(counts, 1)))
        const third = yield* server.accept
        yield* third.head
        yield* third.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na")
        yield* leaving
        yield* third.expectClosed
      })
    )
  )
})
