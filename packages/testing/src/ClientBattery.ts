/**
 * Conformance cases for HTTP/1.1 clients. Each case is a named effect that runs a client against a scripted
 * server. A client passes if all effects succeed.
 *
 * Provide each case with a layer of platform's `HttpClient`, so that each case builds a new client. Also
 * provide the `Network` on which the scripted servers listen. The cases cover HTTP and the reporting of
 * failures. They neither use timeouts nor advance a clock. A failed expectation is a defect with a message.
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
 * Options that select the cases of the battery.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Names of cases to leave out, because the client deviates from these cases by design. An unknown name
   * throws. Default: all cases are included.
   */
  readonly without?: ReadonlyArray<string> | undefined
}

/**
 * Returns all cases except those named in `without`.
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
