/**
 * The timeouts of a server, as one service. docs/timeouts-and-limits.md shows the effect of each timeout.
 *
 * A new server reads its timeouts from the context. Without a layer in the context, the defaults apply. This
 * module sets no timer.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { InvalidOption } from "./HttpError.js"
import { defaultTimeouts, make, type Options, type Service } from "./internal/options/serverTimeouts.js"

export type { ExchangeOptions, Options, Service } from "./internal/options/serverTimeouts.js"
export { overrides, make } from "./internal/options/serverTimeouts.js"

/**
 * The timeouts in the context. The tag is a reference, so the default values apply without a layer.
 *
 * @since 0.1.0
 * @category tags
 */
export class ServerTimeouts extends Context.Reference<ServerTimeouts>()("@httpfx/core/ServerTimeouts", {
  defaultValue: (): Service => defaultTimeouts
}) {}

/**
 * Provides the timeouts of a server. Fails with `InvalidOption` as {@link make} does.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<ServerTimeouts, InvalidOption> =>
  Layer.effect(ServerTimeouts, make(options))

/**
 * Provides the timeouts of a server, with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options>
): Layer.Layer<ServerTimeouts, InvalidOption | ConfigError> =>
  Layer.effect(
    ServerTimeouts,
    Effect.flatMap(Config.unwrap(options), (options) => make(options as Options))
  )
