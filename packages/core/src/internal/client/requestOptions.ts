/**
 * A FiberRef with request options for platform's client, whose requests cannot carry them.
 *
 * Applies to every request of an effect, whatever layers lie between it and the client.
 */
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import type { RequestOptions } from "../options/request.js"

export const currentRequestOptions: FiberRef.FiberRef<RequestOptions | undefined> = globalValue(
  "@httpfx/core/Client/currentRequestOptions",
  () => FiberRef.unsafeMake<RequestOptions | undefined>(undefined)
)
