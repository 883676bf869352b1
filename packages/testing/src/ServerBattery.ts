/**
 * Conformance cases for HTTP/1.1 servers, as named effects that drive them from the wire. A server passes
 * when all succeed.
 *
 * Pass the server as a layer of platform's `HttpServer`; it is built anew for each case, with the `Network`
 * that its clients use. The cases cover HTTP, not options: they use no timeouts and no limits, and never move
 * a clock. A failed expectation is a defect with a message.
 *
 * @since 0.1.0
 */
import { without } from "./battery/expect.js"
import { responses } from "./battery/server/responses.js"
import { bodies } from "./battery/server/bodies.js"
import { failures } from "./battery/server/failures.js"
import { refusals } from "./battery/server/refusals.js"
import type { Case } from "./battery/server/case.js"

export type { Case } from "./battery/server/case.js"

/**
 * Selects the cases.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Names of cases to leave out because they do not apply to this server by design. An unknown name throws.
   * Default: none.
   * none.
   */
  readonly without?: ReadonlyArray<string> | undefined
}

/**
 * All cases except those left out by `without`.
 *
 * @example
 * import { HttpServer } from "@effect/platform"
 * import { it } from "@effect/vitest"
 * import { Network } from "@httpfx/core"
 * import { ServerBattery } from "@httpfx/testing"
 * import { Effect, Layer } from "effect"
 *
 * declare const serverAndNetwork: Layer.Layer<HttpServer.HttpServer | Network.Network>
 *
 * for (const { effect, name } of ServerBattery.cases()) {
 *   it.effect(name, () => Effect.provide(effect, serverAndNetwork))
 * }
 *
 * @since 0.1.0
 * @category cases
 */
export const cases = (options: Options = {}): ReadonlyArray<Case> =>
  without([...responses, ...bodies, ...refusals, ...failures], options.without)
