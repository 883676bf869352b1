/**
 * WebSocket framing for our servers by the `ws` package, which is loaded with the first WebSocket.
 *
 * `NodeHttpServer.layer` provides it already; provide `layer` for a server on another network (in memory), or for other
 * options.
 *
 * @since 0.1.0
 */
import * as PlatformSocket from "@effect/platform/Socket"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { WebSocketUpgrader, type WebSocketRequest } from "@httpfx/core/WebSocketUpgrader"
import type { IncomingMessage } from "node:http"
import type * as ws from "ws"
import { TransportSocket } from "./internal/transportSocket.js"

/**
 * How WebSockets are spoken. Framing is that of `ws`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Bytes of a message; a larger one ends the connection with 1009. Default 100 MiB. */
  readonly maxPayload?: number | undefined
  /** Offer compression of messages (RFC 7692). Default `false`. */
  readonly perMessageDeflate?: boolean | undefined
  /** Chooses among the subprotocols that a client offers, in its order; `undefined`: none. Default: the first. */
  readonly selectProtocol?: ((offered: ReadonlyArray<string>) => string | undefined) | undefined
  /** Close codes that a socket fails with instead of ending. Default: all but 1000 and 1006, as platform has it. */
  readonly closeCodeIsError?: ((code: number) => boolean) | undefined
}

// How long the end of a socket waits for the client's half of the closing handshake (RFC 6455 §7.1.1).
const closeTimeout = Duration.seconds(5)

const nothing = () => {}

const serverWith = (WebSocketServer: typeof ws.WebSocketServer, options: Options): ws.WebSocketServer => {
  const { maxPayload, perMessageDeflate, selectProtocol } = options
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: perMessageDeflate ?? false,
    ...(maxPayload === undefined ? {} : { maxPayload }),
    ...(selectProtocol === undefined
      ? {}
      : { handleProtocols: (offered: Set<string>) => selectProtocol([...offered]) ?? false })
  })
}

const failed = (cause: unknown) => new PlatformSocket.SocketGenericError({ reason: "Open", cause })

interface Opened {
  readonly duplex: TransportSocket
  readonly socket: ws.WebSocket
}

// The handshake's answer is written by `ws`.
const open = (server: ws.WebSocketServer, request: WebSocketRequest) =>
  Effect.flatMap(request.take, ({ initial, transport }) =>
    Effect.async<Opened, PlatformSocket.SocketError>((resume) => {
      const duplex = new TransportSocket(transport)
      // A peer may reset at any time, and an error that nobody listens to ends the process.
      duplex.on("error", nothing)
      duplex.once("close", () => resume(Effect.fail(failed(new Error("the connection was closed")))))
      const head = Buffer.from(initial.buffer, initial.byteOffset, initial.length)
      const message = { method: "GET", url: request.target, headers: request.headers }
      server.handleUpgrade(message as unknown as IncomingMessage, duplex, head, (socket) => {
        socket.on("error", nothing)
        resume(Effect.succeed({ duplex, socket }))
      })
    })
  )

// RFC 6455 §7.4.1: an end of the handler's choice is a normal one, its failure is 1011.
const closed = (socket: ws.WebSocket, exit: Exit.Exit<unknown, unknown>) =>
  Effect.async<void>((resume) => {
    if (socket.readyState === socket.CLOSED) return resume(Effect.void)
    socket.once("close", () => resume(Effect.void))
    socket.close(Exit.isSuccess(exit) || Exit.isInterrupted(exit) ? 1000 : 1011)
  }).pipe(
    Effect.timeoutTo({ duration: closeTimeout, onSuccess: nothing, onTimeout: () => socket.terminate() })
  )

// `send` of `ws` keeps what the connection does not take; a write is over when it takes more.
const taken = (duplex: TransportSocket | undefined) =>
  duplex === undefined || !duplex.writableNeedDrain
    ? Effect.void
    : Effect.async<void>((resume) => {
        const done = () => {
          duplex.off("drain", done)
          duplex.off("close", done)
          resume(Effect.void)
        }
        duplex.on("drain", done)
        duplex.on("close", done)
        return Effect.sync(() => {
          duplex.off("drain", done)
          duplex.off("close", done)
        })
      })

/**
 * An upgrader of one's own options.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): typeof WebSocketUpgrader.Service => {
  let server: ws.WebSocketServer | undefined
  const getServer = Effect.promise(
    async () => (server ??= serverWith((await import("ws")).WebSocketServer, options))
  )
  return {
    upgrade: (request) =>
      Effect.suspend(() => {
        let opened: Opened | undefined
        const acquire = Effect.acquireRelease(
          Effect.tap(
            Effect.flatMap(getServer, (server) => open(server, request)),
            (now) => Effect.sync(() => (opened = now))
          ),
          ({ socket }, exit) => closed(socket, exit)
        )
        const { closeCodeIsError } = options
        const socket = PlatformSocket.fromWebSocket(
          Effect.map(acquire, ({ socket }) => socket as unknown as globalThis.WebSocket),
          closeCodeIsError === undefined ? {} : { closeCodeIsError }
        )
        return Effect.map(socket, (socket) =>
          PlatformSocket.Socket.of({
            ...socket,
            writer: Effect.map(
              socket.writer,
              (write) => (chunk) =>
                Effect.zipRight(
                  write(chunk),
                  Effect.suspend(() => taken(opened?.duplex))
                )
            )
          })
        )
      })
  }
}

/**
 * An upgrader of one's own options. `NodeHttpServer` provides one with the defaults, unless there is one.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWith = (options: Options): Layer.Layer<WebSocketUpgrader> =>
  Layer.succeed(WebSocketUpgrader, make(options))

/**
 * An upgrader with the defaults.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<WebSocketUpgrader> = layerWith({})
