/**
 * Conformance cases for HTTP/1.1 servers. Each case is a named effect that sends raw bytes to a server. A
 * server passes if all effects succeed.
 *
 * Provide each case with a layer of platform's `HttpServer`, so that each case builds a new server. Also
 * provide the `Network` that the clients use. The cases cover HTTP and leave out the options of servers. They
 * use neither timeouts nor limits, and do not advance a clock. A failed expectation is a defect with a
 * message.
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
 * Options that select the cases of the battery.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Names of cases to leave out, because the server deviates from these cases by design. An unknown name
   * throws. Default: all cases are included.
   */
  readonly without?: ReadonlyArray<string> | undefined
}

/**
 * Returns all cases except those named in `without`.
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
