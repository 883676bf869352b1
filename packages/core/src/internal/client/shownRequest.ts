/**
 * Platform's request as its errors show it: their messages have its URL.
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { withoutUserinfo } from "../../model/urlSecrets.js"

/** The same request, without user and password in its URL. */
export const withoutCredentials = (
  request: HttpClientRequest.HttpClientRequest
): HttpClientRequest.HttpClientRequest => {
  const url = withoutUserinfo(request.url)
  return url === request.url ? request : HttpClientRequest.setUrl(request, url)
}
