/**
 * What an HTTP/1.1 server must do, seen from the wire, as named effects: a server passes when all of them
 * succeed.
 *
 * A server joins as a layer of platform's `HttpServer`, and is provided anew to each case together with the
 * `Network` on which its clients come. Cases are about HTTP, not about options: nothing here knows a timeout
 * or a limit's value, and nothing moves a clock. A failed expectation is a defect with a message.
 *
 * @since 0.1.0
 */
import { without } from "./battery/expect.js"
import { answers } from "./battery/server/answers.js"
import { bodies } from "./battery/server/bodies.js"
import { failures } from "./battery/server/failures.js"
import { refusals } from "./battery/server/refusals.js"
import type { Case } from "./battery/server/case.js"

export type { Case } from "./battery/server/case.js"

/**
 * Which cases to make.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Names of cases that do not apply to this server, by design. A name that no case has throws. Default:
   * none.
   */
  readonly without?: ReadonlyArray<string> | undefined
}

/**
 * All cases, but for those that do not apply.
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
  without([...answers, ...bodies, ...refusals, ...failures], options.without)
