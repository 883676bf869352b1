// Which side closes a WebSocket and with which code, and the log, span and outcome after that. In virtual
// time, with and without TLS.
import * as PlatformSocket from "@effect/platform/Socket"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type * as Scope from "effect/Scope"
import type * as Tracer from "effect/Tracer"
import { VirtualClock, type RawPeer } from "@httpfx/testing"
import {
  close,
  closeOf,
  inVirtualTime,
  opened,
  places,
  serving,
  text,
  webSocket
} from "../support/webSocketPeers.js"

type Use = (socket: PlatformSocket.Socket) => Effect.Effect<unknown, unknown, Scope.Scope>
interface Row {
  readonly use?: Use
  /** The client's actions after its message of 1000 bytes has come back. */
  readonly client: (peer: RawPeer.RawPeer) => Effect.Effect<unknown, unknown>
  readonly outcome: object
  /** Whether the handler fails. A failure is logged once and recorded in the span. */
  readonly fails?: true
  /** Whether the client violates the protocol. A violation is recorded in the span but not logged. */
  readonly violates?: true
}

const echo: Use = (socket) =>
  Effect.flatMap(socket.writer, (write) => socket.runRaw((message) => write(message)))
/** Echoes the first message. Runs `next` for each later message. */
const thenDo =
  (
    next: (
      write: (chunk: PlatformSocket.CloseEvent) => Effect.Effect<void, unknown>
    ) => Effect.Effect<unknown, unknown>
  ): Use =>
  (socket) =>
    Effect.gen(function* () {
      const write = yield* socket.writer
      let messages = 0
      yield* socket.runRaw((message) => (messages++ === 0 ? write(message) : next(write)))
    })

const says = (code: number) => (peer: RawPeer.RawPeer) =>
  peer
    .send(close(code))
    .pipe(
      Effect.zipRight(peer.expect(closeOf(code))),
      Effect.zipRight(peer.expectFin),
      Effect.zipRight(peer.end)
    )
const hears =
  (code: number, before: Uint8Array = text("go")) =>
  (peer: RawPeer.RawPeer) =>
    peer
      .send(before)
      .pipe(
        Effect.zipRight(peer.expect(closeOf(code))),
        Effect.zipRight(peer.send(close(code))),
        Effect.zipRight(peer.expectFin),
        Effect.zipRight(peer.end)
      )

const byClient = (code: number) => ({
  _tag: "Answered",
  upgraded: { protocol: "websocket", endedBy: "client", closeCode: code }
})
const byServer = (closeCode: number, _tag = "Answered") => ({
  _tag,
  upgraded: { endedBy: "server", closeCode }
})
const gone = (error: string) => ({
  _tag: "ClientGone",
  error: { _tag: error },
  upgraded: { endedBy: "client", closeCode: 1006 }
})

const rows: Readonly<Record<string, Row>> = {
  "the client with 1000": { client: says(1000), outcome: byClient(1000) },
  "the client with 1001, as a browser that leaves a page": { client: says(1001), outcome: byClient(1001) },
  "the client without a code (1005)": { client: says(1005), outcome: byClient(1005) },
  "the client with a code of its own": { client: says(4321), outcome: byClient(4321), fails: true },
  "the client with 1011": { client: says(1011), outcome: byClient(1011), fails: true },
  "the client, by a close frame and a reset at once": {
    client: (peer) => Effect.zipRight(peer.send(close(1001)), peer.reset),
    outcome: { upgraded: { endedBy: "client" } }
  },
  "the client, by FIN without a close frame": { client: (peer) => peer.end, outcome: gone("HangUp") },
  "the client, by a reset": { client: (peer) => peer.reset, outcome: gone("ConnectionReset") },
  "the server, because a frame is not masked": {
    client: (peer) => Effect.zipRight(peer.send("\x81\x01a"), peer.expect(closeOf(1002))),
    outcome: { _tag: "ClientGone", upgraded: { endedBy: "server", closeCode: 1002 } },
    violates: true
  },
  "the server, because its handler has completed": {
    use: (socket) =>
      Effect.gen(function* () {
        const write = yield* socket.writer
        let messages = 0
        const second = yield* Effect.makeLatch(false)
        yield* Effect.raceFirst(
          socket.runRaw((message) => (messages++ === 0 ? write(message) : second.open)),
          second.await
        )
      }),
    client: hears(1000),
    outcome: byServer(1000)
  },
  "the server, because its handler has failed": {
    use: thenDo(() => Effect.fail("a failure")),
    client: hears(1011),
    outcome: byServer(1011, "ServerFailed"),
    fails: true
  },
  "the server with 1000 of its handler's choice": {
    use: thenDo((write) => write(new PlatformSocket.CloseEvent(1000))),
    client: hears(1000),
    outcome: byServer(1000)
  },
  "the server with a code of its handler's choice": {
    use: thenDo((write) => write(new PlatformSocket.CloseEvent(4001))),
    client: hears(4001),
    outcome: byServer(4001)
  }
}

const endOf = (span: Tracer.AnySpan | undefined) =>
  span?._tag === "Span" && span.status._tag === "Ended" ? span.status.exit._tag : undefined

const sent = 1000 + 8
const back = 1000 + 4

for (const [name, place] of [
  ["memory", places.memory],
  ["memory TLS", places["memory TLS"]]
] as const) {
  describe(`A WebSocket on ${name} is closed by`, () => {
    it.live.each(Object.entries(rows))("%s", ([, { client, fails, outcome, use = echo, violates }]) => {
      const wrong: Array<string> = []
      let span: Tracer.AnySpan | undefined
      const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
        if (LogLevel.greaterThanEqual(logLevel, LogLevel.Error)) wrong.push(String(message))
      })
      const app = webSocket((socket) =>
        Effect.zipRight(
          Effect.map(Effect.currentParentSpan, (parent) => (span = parent)),
          use(socket)
        )
      )
      return Effect.gen(function* () {
        const { events, outcomes, server } = yield* serving(app, place)
        const peer = yield* opened(server, place)
        yield* peer.send(text("x".repeat(1000)))
        yield* peer.expect(Buffer.from([0x81, 126, 3, 232]), "x".repeat(1000))
        yield* VirtualClock.advance("90 seconds")
        yield* client(peer)
        yield* VirtualClock.advance("10 seconds")
        expect(outcomes()).toMatchObject([{ status: 101, method: "GET", ...outcome }])
        const [told] = outcomes()
        expect(told!.duration).toBeGreaterThanOrEqual(90_000)
        expect(told!.answeredAfter).toBeLessThan(1000)
        expect(told!.bytesIn).toBeGreaterThanOrEqual(sent)
        expect(told!.bytesOut).toBeGreaterThanOrEqual(back)
        // The event of the connection comes after the events of its exchange.
        expect(events.at(-1)).toMatchObject({ _tag: "ConnectionClosed" })
        expect(wrong.length).toBe(fails ? 1 : 0)
        expect(endOf(span)).toBe(fails || violates ? "Failure" : "Success")
        expect(yield* server.connections).toBe(0)
      }).pipe(
        (test) => inVirtualTime(test, place),
        Effect.provide(Logger.replace(Logger.defaultLogger, logger))
      )
    })
  })
}
