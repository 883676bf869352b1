/**
 * Options of single requests where the request itself cannot carry them: platform's.
 *
 * A FiberRef, so that they hold for every request that an effect makes, whatever is between it and the
 * client.
 */
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import type { RequestOptions } from "../options/request.js"

export const currentRequestOptions: FiberRef.FiberRef<RequestOptions | undefined> = globalValue(
  "@httpfx/core/Client/currentRequestOptions",
  () => FiberRef.unsafeMake<RequestOptions | undefined>(undefined)
)
