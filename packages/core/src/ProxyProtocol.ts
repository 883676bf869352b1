/**
 * The PROXY protocol (HAProxy, `doc/proxy-protocol.txt`, versions 1 and 2): a TCP load balancer tells the
 * addresses of the client in a header before the first byte of HTTP or TLS.
 *
 * A transform of a `Network`: the connections that a listener delivers have the header's addresses as
 * `remote` and `local`, so that servers need no change. See docs/proxies.md.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as accepting from "./content/proxyProtocol/accept.js"
import type { Options } from "./content/proxyProtocol/accept.js"
import type { InvalidOption } from "./HttpError.js"
import { Network, type Service } from "./Network.js"

export type { Options } from "./content/proxyProtocol/accept.js"

/**
 * Returns a network whose listeners read a header from each connection of the peers in `from`, before
 * anything else, TLS included. Connections that the network opens itself are unchanged. Fails with
 * `InvalidOption` for an invalid option.
 *
 * The command `LOCAL` and headers without addresses (`UNKNOWN`, `AF_UNSPEC`) leave the connection its own
 * addresses; extensions (TLVs) are skipped. A malformed, truncated or late header resets the connection, and
 * is the event `ClientError` of the server, with the error `ProxyHeaderRefused`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const accept: (network: Service, options: Options) => Effect.Effect<Service, InvalidOption> =
  accepting.accept

/**
 * Provides {@link accept} of the network in the context.
 *
 * @example
 * import { HttpServer, HttpServerResponse } from "@effect/platform"
 * import { ProxyProtocol, Server } from "@httpfx/core"
 * import { NodeNetwork } from "@httpfx/node"
 * import { Effect, Layer } from "effect"
 *
 * const app = Effect.succeed(HttpServerResponse.text("hello"))
 *
 * const server = HttpServer.serve(app).pipe(
 *   Layer.provide(Server.layer({ port: 3000 })),
 *   Layer.provide(ProxyProtocol.layer({ from: ["10.0.0.0/8"] })),
 *   Layer.provide(NodeNetwork.layer)
 * )
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<Network, InvalidOption, Network> =>
  Layer.effect(Network, accepting.make(options))
