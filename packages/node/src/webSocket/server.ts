/**
 * The server side of WebSockets. Runs `ws` on a connection that the server has handed over, and provides the
 * WebSocket as platform's `Socket`.
 */
import type * as PlatformSocket from "@effect/platform/Socket"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { InvalidOption } from "@httpfx/core/HttpError"
import { listElements } from "@httpfx/core/wire"
import type { WebSocketRequest, WebSocketUpgrader } from "@httpfx/core/WebSocketUpgrader"
import type { IncomingMessage } from "node:http"
import type * as ws from "ws"
import { framingOf } from "../http/own/framing.js"
import { constructorOnNetwork } from "./client.js"
import { WebSocketDuplex } from "./duplex.js"
import { socketError } from "./failure.js"
import { framedClass, WebSocketFlow, type Framed } from "./flow.js"
import * as Checked from "./options.js"
import type { Options } from "./options.js"
import { close, fromFlow } from "./socket.js"

const nothing = () => {}

const openFailed = (cause: unknown) => socketError("Open", cause)

// The server has already validated the request, but `ws` is stricter. It refuses empty list elements and a
// second `Upgrade` protocol, so normalize these fields.
const handshake = (
  server: ws.WebSocketServer,
  { headers, target }: WebSocketRequest,
  duplex: WebSocketDuplex,
  head: Buffer,
  opened: (socket: ws.WebSocket) => void
): void => {
  const list = (name: string) => {
    const elements = listElements(String(headers[name] ?? ""))
    return elements.length === 0 ? undefined : elements.join(", ")
  }
  const fields = {
    ...headers,
    upgrade: "websocket",
    "sec-websocket-protocol": list("sec-websocket-protocol")
  }
  const upgrade = (extensions: string | undefined) => {
    const message = {
      method: "GET",
      url: target,
      headers: { ...fields, "sec-websocket-extensions": extensions }
    }
    server.handleUpgrade(message as unknown as IncomingMessage, duplex, head, opened)
  }
  // If the client offers compression with unacceptable parameters, open the WebSocket without compression
  // (RFC 7692 §5.1).
  let declines = false
  const decline = () => {
    declines = true
  }
  server.once("wsClientError", decline)
  upgrade(list("sec-websocket-extensions"))
  server.off("wsClientError", decline)
  if (declines) upgrade(undefined)
}

// Takes the connection over and does the opening handshake. `ws` writes the response to the handshake.
const open = (server: ws.WebSocketServer, request: WebSocketRequest) =>
  Effect.flatMap(request.take, ({ initial, transport }) =>
    Effect.async<WebSocketFlow, PlatformSocket.SocketError>((resume) => {
      const duplex = new WebSocketDuplex(transport)
      // The peer may reset the connection at any time. An `error` event without a listener would crash the
      // process.
      duplex.on("error", nothing)
      duplex.once("close", () => resume(Effect.fail(openFailed(new Error("the connection was closed")))))
      const head = Buffer.from(initial.buffer, initial.byteOffset, initial.length)
      handshake(server, request, duplex, head, (socket) => {
        const flow = new WebSocketFlow(socket as Framed, duplex, {
          highWaterMark: request.highWaterMark,
          holdsForWrites: true,
          closing: ({ own, ...closing }) => request.closing({ ...closing, by: own ? "server" : "client" })
        })
        request.opened(() => flow.close(1001))
        resume(Effect.succeed(flow))
      })
    })
  )

// Returns the close code (RFC 6455 §7.4.1): 1011 after a failure, 1001 while the server drains, otherwise
// 1000.
const codeOf = (failure: Cause.Cause<unknown> | undefined, isDraining: boolean): number =>
  failure !== undefined ? 1011 : isDraining ? 1001 : 1000

const failureOf = (exit: Exit.Exit<unknown, unknown>): Cause.Cause<unknown> | undefined =>
  Exit.isFailure(exit) && !Exit.isInterrupted(exit) ? exit.cause : undefined

/**
 * Validates the options, loads `ws` and makes an upgrader. In errors, the names of options begin with
 * `prefix`.
 */
export const load = (
  options: Options,
  prefix: string
): Effect.Effect<typeof WebSocketUpgrader.Service, InvalidOption> =>
  Effect.gen(function* () {
    const refused = Checked.refuseServer(options, prefix)
    if (refused !== undefined) return yield* refused
    const { WebSocket, WebSocketServer } = framingOf(yield* Effect.promise(() => import("ws")))
    const { selectProtocol } = options
    const server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      WebSocket: framedClass(WebSocket) as unknown as typeof ws.WebSocket,
      ...Checked.framing(options),
      ...(selectProtocol === undefined
        ? {}
        : { handleProtocols: (offered: Set<string>) => selectProtocol([...offered]) ?? false })
    })
    const closing = Checked.closing(options)
    return {
      client: constructorOnNetwork,
      upgrade: (request) =>
        Effect.sync(() =>
          fromFlow(
            Effect.acquireRelease(open(server, request), (flow, exit) => {
              const cause = failureOf(exit)
              return close(flow, codeOf(cause, request.isDraining()), cause, closing.closeTimeout)
            }),
            closing
          )
        )
    }
  })
