/**
 * Agents, which are connection pools of clients, with limits, queues and keep-alive.
 *
 * An agent is a scoped service over a `Network`. Clients send their requests through an agent. `Client.layer`
 * creates its own agent, and `Client.layerAgent` uses the agent in the context. A single request can name
 * another agent. Closing the agent's scope closes its sockets. Idle sockets do not keep the process alive.
 *
 * The rules for choosing and keeping connections are in `pool/`, which the callback API uses too. See
 * `docs/agent.md`.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Options, Service } from "./internal/client/agent.js"
import { makeAgent } from "./internal/client/makeAgent.js"
import type { InvalidOption } from "./HttpError.js"
import { Network } from "./Network.js"

export type { KeyState } from "./connection/client/events.js"
export type { Options, Service, State } from "./internal/client/agent.js"

/**
 * The agent in the context, which `Client.layerAgent` uses.
 *
 * @since 0.1.0
 * @category tags
 */
export class Agent extends Context.Tag("@httpfx/core/Agent")<Agent, Service>() {}

/**
 * Creates an agent. Closing its scope fails the requests in flight and waits until every connection is
 * closed. Fails with `InvalidOption` for an invalid value.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Service, InvalidOption, Network | Scope.Scope> =>
  Effect.flatMap(Network, (network) => makeAgent(network, options))

/**
 * Provides an agent with `options`. Fails with `InvalidOption` as {@link make} does.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<Agent, InvalidOption, Network> =>
  Layer.scoped(Agent, make(options))

/**
 * Provides an agent with options from the configuration. Fails with `InvalidOption` as {@link make} does.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<Agent, InvalidOption | ConfigError.ConfigError, Network> =>
  Layer.scoped(Agent, Effect.flatMap(Config.unwrap(options), make))
