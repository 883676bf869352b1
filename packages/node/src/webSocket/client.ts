/**
 * Makes WebSockets of clients on any network, with the `WebSocket` class of the callback API. The callback
 * API is loaded only when the constructor is made.
 */
import type * as PlatformSocket from "@effect/platform/Socket"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Network } from "@httpfx/core/Network"

export const constructorOnNetwork: Effect.Effect<
  Context.Tag.Service<typeof PlatformSocket.WebSocketConstructor>,
  never,
  Network | Scope.Scope
> = Effect.gen(function* () {
  const { makeHttp } = yield* Effect.promise(() => import("../bridge/bound.js"))
  const { WebSocket } = (yield* makeHttp) as unknown as { readonly WebSocket: typeof globalThis.WebSocket }
  return (url, protocols) => new WebSocket(url, protocols)
})
