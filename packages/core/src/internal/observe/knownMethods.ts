/**
 * The methods that spans and metrics show by name.
 */
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import { knownMethods } from "./labels.js"

export const currentKnownMethods: FiberRef.FiberRef<ReadonlySet<string>> = globalValue(
  "@httpfx/core/KnownMethods/current",
  () => FiberRef.unsafeMake(knownMethods)
)
