/** Raw WebSocket clients that send single frames, and servers for these clients on each network. */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as PlatformSocket from "@effect/platform/Socket"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { Network, Server, type ServerEvent } from "@httpfx/core"
import { NodeNetwork, NodeWebSocket } from "@httpfx/node"
import { MemoryNetwork, MemoryTls, RawPeer, VirtualClock } from "@httpfx/testing"
import { readFileSync } from "node:fs"

/** Encodes a frame of a client, masked with zeros. */
export const frame = (opcode: number, payload: Uint8Array | string = ""): Uint8Array => {
  const bytes = Buffer.from(payload)
  const { length } = bytes
  const head =
    length < 126
      ? [0x80 | opcode, 0x80 | length]
      : length < 65_536
        ? [0x80 | opcode, 0xfe, length >> 8, length & 255]
        : [
            0x80 | opcode,
            0xff,
            0,
            0,
            0,
            0,
            length >>> 24,
            (length >> 16) & 255,
            (length >> 8) & 255,
            length & 255
          ]
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), bytes])
}
export const text = (payload: string) => frame(1, payload)
export const binary = (payload: Uint8Array) => frame(2, payload)
export const ping = (payload: string) => frame(9, payload)
const codeBytes = (code: number) => Buffer.from([code >> 8, code & 255])
/** Encodes a client's close frame. 1005 means a frame without a code. */
export const close = (code: number) => frame(8, code === 1005 ? "" : codeBytes(code))

/** Encodes a server's close frame. */
export const closeOf = (code: number): Uint8Array =>
  code === 1005 ? Buffer.from([0x88, 0]) : Buffer.concat([Buffer.from([0x88, 2]), codeBytes(code)])

export const opening = (target = "/") =>
  `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

/** An app that upgrades each request and passes the WebSocket to `use`. */
export const webSocket = (
  use: (
    socket: PlatformSocket.Socket
  ) => Effect.Effect<unknown, unknown, Scope.Scope | PlatformSocket.WebSocket>
): HttpApp.Default<unknown, Scope.Scope> =>
  HttpServerRequest.upgrade.pipe(
    Effect.flatMap(use),
    Effect.scoped,
    Effect.as(HttpServerResponse.empty())
  ) as HttpApp.Default<unknown, Scope.Scope>

const authority = MemoryTls.authority("Test CA")
const read = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), "utf8")

interface Place {
  readonly network: Layer.Layer<Network.Network>
  readonly tls?: Network.ServerTls
  readonly ca?: string
}
export const places: Readonly<Record<"memory" | "memory TLS" | "TCP" | "TLS", Place>> = {
  memory: { network: MemoryNetwork.layer() },
  "memory TLS": {
    network: MemoryNetwork.layer(),
    tls: authority.certificate({ names: "server.test" }),
    ca: authority.ca
  },
  TCP: { network: NodeNetwork.layer },
  TLS: {
    network: NodeNetwork.layer,
    tls: { cert: read("server.pem"), key: read("server-key.pem") },
    ca: read("ca.pem")
  }
}

/** Serves an app until the scope closes. `events` returns the server's events since the start. */
export const serving = (
  app: HttpApp.Default<unknown, Scope.Scope>,
  { tls }: Place,
  options: Server.ServerOptions = {},
  webSocket: NodeWebSocket.Options = {}
) =>
  Effect.gen(function* () {
    const server = yield* Server.make({
      port: 0,
      host: "127.0.0.1",
      ...options,
      ...(tls === undefined ? {} : { tls })
    }).pipe(Effect.provide(NodeWebSocket.layer(webSocket)))
    const events: Array<ServerEvent.ServerEvent> = []
    yield* server.observe((event) => events.push(event))
    yield* server.httpServer.serve(app as HttpApp.Default<unknown>)
    const outcomes = () => events.flatMap((event) => (event._tag === "ExchangeEnded" ? [event.outcome] : []))
    return { server, events, outcomes }
  })

/** Connects a raw client, with TLS if the place has TLS. */
export const connecting = ({ address }: Server.Service, { ca }: Place) =>
  Effect.gen(function* () {
    const network = yield* Network.Network
    const plain = yield* network.connect(address)
    const transport =
      ca === undefined
        ? plain
        : yield* network.secure(plain, { role: "client", ca, checkServerIdentity: () => undefined })
    return yield* RawPeer.make(transport, { patience: "20 seconds" })
  })

/** Connects a raw client and opens a WebSocket. */
export const opened = (server: Server.Service, place: Place, target?: string) =>
  Effect.gen(function* () {
    const peer = yield* connecting(server, place)
    yield* peer.send(opening(target))
    const head = yield* peer.head
    if (!head.startsWith("HTTP/1.1 101 ")) return yield* Effect.die(head)
    return peer
  })

/** Runs a test in virtual time, which advances even while the scope of the test closes. */
export const inVirtualTime = <A, E, R>(
  test: Effect.Effect<A, E, R>,
  place: Place = places.memory
): Effect.Effect<A, E> =>
  Effect.acquireUseRelease(
    Scope.make(),
    (scope) => Scope.extend(test, scope),
    (scope, exit) =>
      Effect.gen(function* () {
        const closing = yield* Effect.forkDaemon(Scope.close(scope, exit))
        yield* VirtualClock.advance("1 minute")
        yield* Fiber.join(closing)
      })
  ).pipe(Effect.provide(Layer.provideMerge(place.network, VirtualClock.layer()))) as Effect.Effect<A, E>
