/**
 * Clients on Node's sockets: `@httpfx/core/Client` on `NodeNetwork`. The exports have the same names as the
 * exports of `NodeHttpClient` in `@effect/platform-node`. Their options are ours, in place of the options of
 * `node:http` agents or of undici.
 *
 * Names with `Undici` and `Dispatcher` are aliases of the same client and agent, for programs that come from
 * `@effect/platform-node`. The package undici itself is not used.
 *
 * @since 0.1.0
 */
import type { HttpClient } from "@effect/platform/HttpClient"
import { Agent, Client, Proxy, type HttpError } from "@httpfx/core"
import type * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as NodeNetwork from "./NodeNetwork.js"

/**
 * The tag of the agent. The agent owns the connections of clients.
 *
 * @since 0.1.0
 * @category agent
 */
export const HttpAgent = Agent.Agent

/**
 * @since 0.1.0
 * @category agent
 */
export type HttpAgent = Agent.Agent

/**
 * Makes an agent with these options. Closing the scope closes the agent. Fails with `InvalidOption` for an
 * invalid value.
 *
 * @since 0.1.0
 * @category agent
 */
export const makeAgent = (
  options?: Agent.Options
): Effect.Effect<Agent.Service, HttpError.InvalidOption, Scope.Scope> =>
  Effect.provide(Agent.make(options), NodeNetwork.layer)

/**
 * Provides an agent with these options. Fails with `InvalidOption`, as {@link makeAgent} does.
 *
 * @since 0.1.0
 * @category agent
 */
export const makeAgentLayer = (options?: Agent.Options): Layer.Layer<HttpAgent, HttpError.InvalidOption> =>
  Layer.provide(Agent.layer(options), NodeNetwork.layer)

/**
 * Provides an agent with default options.
 *
 * @since 0.1.0
 * @category agent
 */
export const agentLayer: Layer.Layer<HttpAgent> = Layer.orDie(makeAgentLayer())

/**
 * Makes platform's client over the agent in the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<HttpClient, never, HttpAgent> = Effect.map(
  Effect.flatMap(Agent.Agent, (agent) => Effect.orDie(Client.fromAgent(agent))),
  ({ httpClient }) => httpClient
)

/**
 * Provides a client with default options and its own agent, both as `Client` and as platform's
 * `HttpClient.HttpClient`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Client.Client | HttpClient> = Layer.orDie(
  Layer.provide(Client.layer, NodeNetwork.layer)
)

/**
 * Provides the same client as {@link layer}, with these options. Fails with `InvalidOption` for an invalid
 * value.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWith = (
  options: Client.Options
): Layer.Layer<Client.Client | HttpClient, HttpError.InvalidOption> =>
  Layer.provide(Client.layerWith(options), NodeNetwork.layer)

/**
 * Provides the same client as {@link layerWith}, with options read from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Client.Options>
): Layer.Layer<Client.Client | HttpClient, HttpError.InvalidOption | ConfigError> =>
  Layer.provide(Client.layerConfig(options), NodeNetwork.layer)

/**
 * Provides a client over the agent in the context.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerWithoutAgent: Layer.Layer<Client.Client | HttpClient, never, HttpAgent> = Layer.orDie(
  Client.layerAgent()
)

/**
 * Reads the proxies from environment variables, with the rules of curl. Pass the result as the option `proxy`
 * of a client. Without that option a client uses no proxy. The variables are read when this function is
 * called.
 *
 * @example
 * import { NodeHttpClient } from "@httpfx/node"
 *
 * const ClientLive = NodeHttpClient.layerWith({ proxy: NodeHttpClient.environmentProxies() })
 *
 * @since 0.1.0
 * @category proxies
 */
export const environmentProxies = (
  variables: Readonly<Record<string, string | undefined>> = process.env
): Proxy.Proxies => Proxy.fromEnvironment(variables)

/**
 * Alias of `HttpAgent`, for programs that used a dispatcher of undici.
 *
 * @since 0.1.0
 * @category undici
 */
export const Dispatcher = HttpAgent

/**
 * @since 0.1.0
 * @category undici
 */
export type Dispatcher = HttpAgent

/**
 * Makes an agent with default options. Closing the scope closes the agent.
 *
 * @since 0.1.0
 * @category undici
 */
export const makeDispatcher: Effect.Effect<Agent.Service, never, Scope.Scope> = Effect.orDie(makeAgent())

/**
 * Alias of `agentLayer`, for programs that used a dispatcher of undici.
 *
 * @since 0.1.0
 * @category undici
 */
export const dispatcherLayer: Layer.Layer<Dispatcher> = agentLayer

/**
 * Returns platform's client over this agent.
 *
 * @since 0.1.0
 * @category undici
 */
export const makeUndici = (dispatcher: Agent.Service): HttpClient =>
  Effect.runSync(Client.fromAgent(dispatcher)).httpClient

/**
 * Alias of `layer`, for programs that used `layerUndici` of `@effect/platform-node`.
 *
 * @since 0.1.0
 * @category undici
 */
export const layerUndici: Layer.Layer<Client.Client | HttpClient> = layer

/**
 * Alias of `layerWithoutAgent`, for programs that used `layerUndiciWithoutDispatcher` of
 * `@effect/platform-node`.
 *
 * @since 0.1.0
 * @category undici
 */
export const layerUndiciWithoutDispatcher: Layer.Layer<Client.Client | HttpClient, never, Dispatcher> =
  layerWithoutAgent
