/**
 * The features of clients that a fiber has switched off for its requests (`Client.without`).
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import type { RequestOptions, Timeouts } from "../options/request.js"
import { asCall } from "./call.js"
import { currentRequestOptions } from "./requestOptions.js"

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

/**
 * Returns the timeouts of a request, which `Client` has in the request and platform's client in a `FiberRef`.
 */
export type TimeoutsOf = (fiber: Fiber.RuntimeFiber<never, never>) => Timeouts | undefined

export const inRequest =
  ({ timeouts }: RequestOptions<unknown>): TimeoutsOf =>
  () =>
    timeouts

export const inFiber: TimeoutsOf = (fiber) => fiber.getFiberRef(currentRequestOptions)?.timeouts

/** Runs `off` if the fiber has switched the feature off. Otherwise runs `on` as one call (`call.ts`). */
export const unlessOff = <A, E, R>(
  feature: Feature,
  timeoutsOf: TimeoutsOf,
  on: Effect.Effect<A, E, R>,
  off: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.withFiberRuntime((fiber) =>
    fiber.getFiberRef(currentlyOff).has(feature)
      ? off
      : asCall(fiber, timeoutsOf(fiber as Fiber.RuntimeFiber<never, never>), on)
  )
