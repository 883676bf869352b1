/**
 * Implements platform's `HttpServerRequest.upgrade`: opens a WebSocket if the request asks for a WebSocket
 * and the server has a `WebSocketUpgrader`.
 *
 * A refusal that the app does not handle becomes a response with the status of the refusal. Sends nothing
 * before the socket runs.
 */
import * as ServerError from "@effect/platform/HttpServerError"
import type { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import * as Respondable from "@effect/platform/HttpServerRespondable"
import * as ServerResponse from "@effect/platform/HttpServerResponse"
import * as PlatformSocket from "@effect/platform/Socket"
import * as Effect from "effect/Effect"
import { checkHandshake, foldHeaders } from "../../wire/index.js"
import type { ServerExchange } from "./exchange.js"
import { takeOver } from "./upgrade.js"

const refused = (
  request: HttpServerRequest,
  status: number,
  description: string,
  flat: ReadonlyArray<string> = []
): ServerError.RequestError => {
  const headers: Array<readonly [string, string]> = []
  for (let i = 0; i < flat.length; i += 2) headers.push([flat[i]!, flat[i + 1]!])
  return Object.assign(new ServerError.RequestError({ request, reason: "Decode", description }), {
    [Respondable.symbol]: () => Effect.succeed(ServerResponse.empty({ status, headers }))
  })
}

export const upgradeToWebSocket = (
  exchange: ServerExchange,
  request: HttpServerRequest
): Effect.Effect<PlatformSocket.Socket, ServerError.RequestError> =>
  Effect.suspend(() => {
    const { connection, head, serving } = exchange
    const { webSocket } = serving.server
    if (webSocket === undefined) {
      const reason =
        "the server has no WebSocket framing. Provide NodeWebSocket.layer() of @httpfx/node to the layer of " +
        "the server: beside it, the framing has no effect"
      return Effect.fail(refused(request, 501, reason))
    }
    const refusal = checkHandshake(head)
    if (refusal !== undefined) {
      return Effect.fail(refused(request, refusal.status, refusal.reason, refusal.headers))
    }
    const take = Effect.mapError(takeOver(exchange, { headers: [] }, Effect.succeed, true), (cause) =>
      Object.defineProperty(new PlatformSocket.SocketGenericError({ reason: "Open", cause }), "message", {
        value: `An error occurred during Open: ${cause.message}`
      })
    )
    return webSocket.upgrade({
      target: head.target,
      headers: foldHeaders(head.rawHeaders),
      take,
      highWaterMark: serving.server.settings.highWaterMark,
      isDraining: () => connection.server.draining,
      opened: (goAway) => connection.webSocketOpened(exchange, goAway),
      closing: (closing) => {
        const { upgrade } = exchange
        if (upgrade?.over === false && upgrade.closeCode === undefined) exchange.failure ??= closing.cause
        connection.webSocketClosing(exchange, closing)
      }
    })
  })
