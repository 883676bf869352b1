/**
 * A network for Bun over Bun's own sockets (`Bun.listen`, `Bun.connect`) instead of `node:net`: TCP over IPv4
 * and IPv6, Unix domain sockets, and TLS over both. Unlike Bun's `node:net`, this network loses no bytes that
 * arrived before a reset.
 *
 * This module is a separate entry, because it works only on Bun. Other runtimes can load the module too, but
 * there the layer fails with `NotBun`. `docs/runtimes.md` lists the differences from `NodeNetwork`.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Network from "@httpfx/core/Network"
import { globalBun } from "./socket/bun/api.js"
import { connectWith } from "./socket/bun/connect.js"
import { listenWith } from "./socket/bun/listen.js"
import { checkTls, secure } from "./socket/bun/tls.js"
import { resolve } from "./socket/resolve.js"

/**
 * The error for a runtime without `Bun.listen` and `Bun.connect`. Use `NodeNetwork` on this runtime.
 *
 * @since 0.1.0
 * @category errors
 */
export class NotBun extends Data.TaggedError("NotBun")<{
  /** The reason as a text. */
  readonly reason: string
}> {
  override get message(): string {
    return this.reason
  }
}

/**
 * Makes the `Network` service. Fails with `NotBun` if the global `Bun` is missing.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Network.Service, NotBun> = Effect.suspend(() => {
  const bun = globalBun()
  return bun === undefined
    ? Effect.fail(
        new NotBun({ reason: "BunNetwork needs the global `Bun`; use NodeNetwork on other runtimes" })
      )
    : Effect.succeed({ resolve, connect: connectWith(bun), listen: listenWith(bun), secure, checkTls })
})

/**
 * Provides `Network` with the sockets of Bun. The layer owns no resources. The scope of `listen` owns the
 * listener. The caller of `connect`, or the callback of `listen`, owns the connection. Fails with `NotBun` if
 * the global `Bun` is missing.
 *
 * @example
 * import { Server } from "@httpfx/core"
 * import * as BunNetwork from "@httpfx/node/BunNetwork"
 * import { Layer } from "effect"
 *
 * const ServerLive = Layer.provide(Server.layer({ port: 3000 }), BunNetwork.layer)
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Network.Network, NotBun> = Layer.effect(Network.Network, make)
