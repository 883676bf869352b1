/**
 * The methods that spans and metrics show by name (`http.request.method`). All others are `_OTHER`, so that
 * no peer can create new time series. Spans have the method as it came in `http.request.method_original`.
 *
 * @since 0.1.0
 */
import type * as FiberRef from "effect/FiberRef"
import { currentKnownMethods } from "./internal/observe/knownMethods.js"

/**
 * The known methods. Default: the methods of RFC 9110, `PATCH` and `QUERY`. Servers and metrics read it when
 * they are built, the spans of clients for each request. The option `methods` of metrics takes precedence.
 *
 * @example
 * import { KnownMethods } from "@httpfx/core"
 * import { Layer } from "effect"
 *
 * const withDav = Layer.locallyWith(KnownMethods.current, (known) => new Set([...known, "PROPFIND"]))
 *
 * @since 0.1.0
 * @category references
 */
export const current: FiberRef.FiberRef<ReadonlySet<string>> = currentKnownMethods
