/**
 * Creates platform's `RequestError` for a request that got no response. Never names credentials of the URL.
 */
import * as PlatformError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { withoutFrames } from "../../errors/tagged.js"
import { withoutCredentials } from "./shownRequest.js"

export const requestError = (
  request: HttpClientRequest.HttpClientRequest,
  reason: PlatformError.RequestError["reason"],
  cause: unknown
): PlatformError.RequestError => {
  const description = cause instanceof Error ? { description: cause.message } : undefined
  return withoutFrames(
    () =>
      new PlatformError.RequestError({
        request: withoutCredentials(request),
        reason,
        cause,
        ...description
      })
  )
}
