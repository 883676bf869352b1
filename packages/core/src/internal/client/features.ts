/**
 * The features of clients that a fiber has switched off for its requests (`Client.without`).
 */
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"

/**
 * A feature that a client may have: `cookies` (`CookieJar`), `decompression` (`NodeDecompression` of
 * `@httpfx/node`), `limits` (`RateLimit`), `redirects` (`Client.followRedirects`), `retries` (`Retry`).
 *
 * @since 0.1.0
 * @category features
 */
export type Feature = "cookies" | "decompression" | "limits" | "redirects" | "retries"

const none: ReadonlySet<Feature> = new Set()

export const currentlyOff: FiberRef.FiberRef<ReadonlySet<Feature>> = globalValue(
  "@httpfx/core/Client/currentlyOff",
  () => FiberRef.unsafeMake(none)
)

/** Runs `on`, or `off` if the fiber has switched the feature off. */
export const unlessOff = <A, E, R>(
  feature: Feature,
  on: Effect.Effect<A, E, R>,
  off: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.withFiberRuntime((fiber) => (fiber.getFiberRef(currentlyOff).has(feature) ? off : on))
