/**
 * Conformance cases for `Network` implementations, as named effects. A network passes when all succeed.
 *
 * They hold for an operating system's TCP and for the network in memory alike, so they ask nothing that only
 * one of them can promise. They never sleep: that something does not happen is checked after round trips on
 * another connection. A failed expectation is a defect with a message.
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
 * One conformance case.
 *
 * @since 0.1.0
 * @category models
 */
export interface Case {
  /** The promise in words; the name of the test. */
  readonly name: string
  /** Fails, or dies, if the promise is broken. */
  readonly effect: Effect.Effect<void, unknown, Network>
}

/**
 * Facilities that the battery needs besides the network.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Returns a new path that a listener may bind, at each call. */
  readonly path: () => string
}

/**
 * The cases. Each opens its own listeners on loopback addresses and leaves nothing open.
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
