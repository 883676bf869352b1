/**
 * A FiberRef with request options for platform's client, because platform's requests cannot carry them.
 *
 * The options apply to every request of an effect, even if other code wraps platform's client.
 */
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import type { RequestOptions } from "../options/request.js"

export const currentRequestOptions: FiberRef.FiberRef<RequestOptions | undefined> = globalValue(
  "@httpfx/core/Client/currentRequestOptions",
  () => FiberRef.unsafeMake<RequestOptions | undefined>(undefined)
)
