/**
 * What an HTTP/1.1 client must do, seen by a server by hand, as named effects: a client passes when all of
 * them succeed.
 *
 * A client joins as a layer of platform's `HttpClient`, provided anew to each case together with the
 * `Network` on which its servers listen. Cases are about HTTP and about failures that are told; nothing here
 * knows a timeout, and nothing moves a clock. A failed expectation is a defect with a message.
 *
 * @since 0.1.0
 */
import { without } from "./battery/expect.js"
import { connections } from "./battery/client/connections.js"
import { failures } from "./battery/client/failures.js"
import { messages } from "./battery/client/messages.js"
import type { Case } from "./battery/client/case.js"

export type { Case } from "./battery/client/case.js"

/**
 * Which cases to make.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Names of cases that do not apply to this client, by design. A name that no case has throws. Default:
   * none.
   */
  readonly without?: ReadonlyArray<string> | undefined
}

/**
 * All cases, but for those that do not apply.
 *
 * @example
 * import { HttpClient } from "@effect/platform"
 * import { it } from "@effect/vitest"
 * import { Network } from "@httpfx/core"
 * import { ClientBattery } from "@httpfx/testing"
 * import { Effect, Layer } from "effect"
 *
 * declare const clientAndNetwork: Layer.Layer<HttpClient.HttpClient | Network.Network>
 *
 * for (const { effect, name } of ClientBattery.cases()) {
 *   it.effect(name, () => Effect.provide(effect, clientAndNetwork))
 * }
 *
 * @since 0.1.0
 * @category cases
 */
export const cases = (options: Options = {}): ReadonlyArray<Case> =>
  without([...messages, ...connections, ...failures], options.without)
