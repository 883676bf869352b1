// The end of an upgraded connection when its server shuts down, for each kind of handler and each policy. In
// virtual time.
import * as HttpRouter from "@effect/platform/HttpRouter"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as PlatformSocket from "@effect/platform/Socket"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as Rpc from "@effect/rpc/Rpc"
import * as RpcGroup from "@effect/rpc/RpcGroup"
import * as RpcSerialization from "@effect/rpc/RpcSerialization"
import * as RpcServer from "@effect/rpc/RpcServer"
import { describe, expect, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Exchange, Shutdown } from "@httpfx/core"
import type { RawPeer } from "@httpfx/testing"
import { VirtualClock } from "@httpfx/testing"
import {
  close,
  closeOf,
  connecting,
  inVirtualTime,
  opened,
  opening,
  places,
  serving,
  text,
  webSocket
} from "../support/webSocketPeers.js"

type App = HttpApp.Default<unknown, Scope.Scope>
type Around = <A, E, R>(
  handler: Effect.Effect<A, E, R>
) => Effect.Effect<A, E, R | HttpServerRequest.HttpServerRequest>

const listen = (socket: PlatformSocket.Socket) => socket.runRaw(() => {})

/**
 * A handler that listens until 2 seconds after the start of the drain, or longer if the listening does not
 * end.
 */
const takingLeave = (socket: PlatformSocket.Socket) =>
  Effect.raceFirst(listen(socket), Effect.zipRight(Shutdown.awaitDrain, Effect.sleep("2 seconds")))

const rpc: Effect.Effect<App, never, Scope.Scope> = Effect.map(
  Layer.build(
    RpcServer.layer(RpcGroup.make(Rpc.make("never"))).pipe(
      Layer.provide(RpcGroup.make(Rpc.make("never")).toLayer({ never: () => Effect.never })),
      Layer.provide(RpcServer.layerProtocolWebsocket({ path: "/" })),
      Layer.provide(RpcSerialization.layerJson),
      Layer.provideMerge(HttpRouter.Default.Live)
    )
  ),
  (context) => Effect.flatten(Context.get(context, HttpRouter.Default).router) as never
)

const own = (
  use: (socket: PlatformSocket.Socket) => Effect.Effect<unknown, unknown, never>
): Effect.Effect<App> => Effect.succeed(webSocket(use as never))
const around = (by: Around, app: Effect.Effect<App, never, Scope.Scope>) =>
  Effect.map(app, (app) => by(app) as App)

/**
 * `at` is the time of the close frame in seconds after the start of the drain. `code` is the client's code.
 */
interface Row {
  readonly app: Effect.Effect<App, never, Scope.Scope>
  readonly at: number
  readonly code?: number
  readonly option?: "close" | "wait"
  /** Whether the client answers the close frame. Default `true`. */
  readonly answers?: false
  readonly outcome?: object
}

const deadline = 20
const inOrder = { _tag: "Answered", upgraded: { protocol: "websocket", endedBy: "server", closeCode: 1001 } }
const cut = { _tag: "ServerFailed", upgraded: { endedBy: "server", closeCode: 1001 } }

const rows: Readonly<Record<string, Row>> = {
  "a handler of its own": { app: own(listen), at: 0, outcome: inOrder },
  "the RPC protocol": { app: rpc, at: 0, outcome: inOrder },
  "a handler interrupted by the drain": {
    app: around(Shutdown.withPolicy("interruptAtDrain"), own(listen)),
    at: 0
  },
  "a handler that waits for the drain, and then completes": {
    app: own(takingLeave as never),
    at: 2,
    outcome: inOrder
  },
  "a handler that waits for the drain, and then goes on": {
    app: own((socket) =>
      Effect.zipLeft(listen(socket), Effect.fork(Shutdown.awaitDrain as never), { concurrent: true })
    ),
    at: deadline,
    outcome: cut
  },
  "a handler that the drain waits for, and that completes": {
    app: around(Shutdown.withPolicy("wait"), own(takingLeave as never)),
    at: 2,
    outcome: inOrder
  },
  "a handler that the drain waits for, and that goes on": {
    app: around(Shutdown.withPolicy("wait"), own(listen)),
    at: 2 * deadline,
    outcome: cut
  },
  "a handler of its own, on a server that waits": {
    app: own(listen),
    option: "wait",
    at: deadline,
    outcome: cut
  },
  "the RPC protocol, on a server that waits": { app: rpc, option: "wait", at: deadline, outcome: cut }
}

const shuttingDown = ({ app, option }: Pick<Row, "app" | "option">, place: (typeof places)["memory"]) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const { outcomes, server } = yield* Scope.extend(
      serving(yield* app, place, option === undefined ? {} : { webSocketsAtDrain: option }),
      scope
    )
    const shutDown = Effect.fork(Scope.close(scope, Exit.void))
    return { outcomes, server, shutDown }
  })

for (const [name, place] of [
  ["memory", places.memory],
  ["memory TLS", places["memory TLS"]]
] as const) {
  describe(`A drain on ${name} closes with 1001 a WebSocket of`, () => {
    it.live.each(Object.entries(rows))("%s", ([, row]) =>
      inVirtualTime(
        Effect.gen(function* () {
          const { outcomes, server, shutDown } = yield* shuttingDown(row, place)
          const peer = yield* opened(server, place)
          yield* VirtualClock.advance("1 second")
          const down = yield* shutDown
          if (row.at > 0) {
            yield* VirtualClock.advance(row.at * 1000 - 1)
            expect(peer.unread()).toBe("")
            expect(peer.state()).toBe("open")
            expect(outcomes()).toEqual([])
            yield* VirtualClock.advance(1)
          } else yield* VirtualClock.settle
          yield* peer.expect(closeOf(1001))
          yield* Effect.ignore(peer.send(close(1001)))
          yield* peer.end
          yield* VirtualClock.advance("1 second")
          expect(yield* server.connections).toBe(0)
          expect((yield* down.status)._tag).toBe("Done")
          expect(outcomes()).toMatchObject([{ status: 101, ...row.outcome }])
        }),
        place
      )
    )
  })
}

describe("A drain", () => {
  it.live("notifies other upgraded connections, without a close frame", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const raw: App = Effect.gen(function* () {
          const socket = yield* Exchange.upgrade()
          const echo = Stream.runForEach(socket.stream, (bytes) => socket.write(bytes))
          yield* Effect.raceFirst(echo, Effect.zipRight(Shutdown.awaitDrain, socket.write("<bye>")))
          return HttpServerResponse.empty()
        })
        const { outcomes, server, shutDown } = yield* shuttingDown(
          { app: Effect.succeed(raw) },
          places.memory
        )
        const peer = yield* connecting(server, places.memory)
        yield* peer.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: Echo\r\n\r\n")
        yield* peer.head
        yield* peer.send("hello")
        yield* peer.expect("hello")
        yield* shutDown
        yield* peer.expect("<bye>")
        yield* peer.expectFin
        yield* peer.end
        yield* VirtualClock.settle
        expect(outcomes()).toMatchObject([
          { _tag: "Answered", upgraded: { protocol: "echo", endedBy: "server", closeCode: undefined } }
        ])
      })
    )
  )

  it.live("closes a WebSocket that is opened during the drain immediately", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const { server, shutDown } = yield* shuttingDown({ app: own(listen) }, places.memory)
        const first = yield* opened(server, places.memory)
        const late = yield* connecting(server, places.memory)
        yield* shutDown
        yield* first.expect(closeOf(1001))
        yield* VirtualClock.advance("100 millis")
        yield* late.send(opening())
        expect(yield* late.head).toMatch(/^HTTP\/1.1 101 /)
        yield* late.expect(closeOf(1001))
      })
    )
  )

  const silent: ReadonlyArray<
    readonly [string, (peer: RawPeer.RawPeer) => Effect.Effect<unknown, unknown>, number]
  > = [
    ["never answers the close frame", () => Effect.void, 5],
    ["answers it, but sends no FIN", (peer) => peer.send(close(1001)), 6],
    ["keeps sending messages", (peer) => peer.send(text("a"), text("b")), 5],
    ["sends FIN instead of a close frame", (peer) => peer.end, 0],
    ["resets", (peer) => peer.reset, 0]
  ]
  it.live.each(silent)("completes in time although the client %s", ([, does, within]) =>
    inVirtualTime(
      Effect.gen(function* () {
        const { outcomes, server, shutDown } = yield* shuttingDown({ app: own(listen) }, places.memory)
        const peer = yield* opened(server, places.memory)
        const down = yield* shutDown
        yield* peer.expect(closeOf(1001))
        yield* does(peer)
        yield* VirtualClock.settle
        if (within > 0) {
          yield* VirtualClock.advance("4900 millis")
          expect((yield* down.status)._tag).not.toBe("Done")
        }
        // If the peer does not answer our FIN, the connection lingers as after any last response.
        yield* VirtualClock.advance(within === 0 ? "1 millis" : "6 seconds")
        expect((yield* down.status)._tag).toBe("Done")
        expect(outcomes()).toMatchObject([inOrder])
      })
    )
  )

  it.live("completes in time if the client reads nothing", () =>
    inVirtualTime(
      Effect.gen(function* () {
        const app = own((socket) =>
          Effect.scoped(
            Effect.flatMap(socket.writer, (write) => socket.runRaw(() => write("x".repeat(200_000))))
          )
        )
        const { outcomes, server, shutDown } = yield* shuttingDown({ app }, places.memory)
        const peer = yield* opened(server, places.memory)
        yield* peer.pause
        yield* peer.send(text("a"), text("b"), text("c"))
        yield* VirtualClock.settle
        const down = yield* shutDown
        yield* VirtualClock.advance("20 seconds")
        yield* VirtualClock.advance("20 seconds")
        expect((yield* down.status)._tag).toBe("Done")
        expect(outcomes()).toMatchObject([{ upgraded: { endedBy: "server", closeCode: 1001 } }])
      })
    )
  )
})
