/**
 * Conformance cases for `Network` implementations. Each case is a named effect. A network passes if all
 * effects succeed.
 *
 * The cases run against both the operating system's TCP and the network in memory, so they require only
 * behaviour that both guarantee. The cases never sleep. To check that an event does not happen, a case waits
 * for round trips on another connection. A failed expectation is a defect with a message.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type { Network } from "@httpfx/core/Network"
import { bytesAndOrder, flowControl } from "./battery/network/bytes.js"
import { endings, owners } from "./battery/network/endings.js"
import { listening } from "./battery/network/listening.js"
import { resets } from "./battery/network/resets.js"

/**
 * A conformance case for a network.
 *
 * @since 0.1.0
 * @category models
 */
export interface Case {
  /** The guarantee that the case checks, in words. Use it as the name of the test. */
  readonly name: string
  /** Fails or dies if the network breaks the guarantee. */
  readonly effect: Effect.Effect<void, unknown, Network>
}

/**
 * The functions that the cases need besides the network.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Returns a new path at each call. A listener can bind to the path. */
  readonly path: () => string
}

/**
 * Returns the cases. Each case opens its own listeners on loopback addresses, and closes everything that it
 * has opened.
 *
 * @since 0.1.0
 * @category constructors
 */
export const cases = (options: Options): ReadonlyArray<Case> => [
  ...bytesAndOrder,
  ...flowControl,
  ...endings,
  ...resets,
  ...owners,
  ...listening(options.path)
]
