/**
 * What every `Network` must do, as named effects: a network passes when all of them succeed.
 *
 * It holds for TCP of an operating system and for the network in memory alike, so it asks nothing that only
 * one of them can promise, and it never sleeps: what must not happen is looked for after round trips on
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
 * One promise of a network.
 *
 * @since 0.1.0
 * @category models
 */
export interface Case {
  /** What is promised, in words; the name of a test. */
  readonly name: string
  /** Fails, or dies, where the promise is broken. */
  readonly effect: Effect.Effect<void, unknown, Network>
}

/**
 * What the battery needs of the network's surroundings.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** A path that a listener may bind, another at each call. */
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
