/**
 * Redacts platform's requests for use in errors, because the messages of platform's errors contain the URL.
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { withoutUserinfo } from "../../model/urlSecrets.js"

/** Returns the request without user and password in its URL. Copies the request only if its URL has them. */
export const withoutCredentials = (
  request: HttpClientRequest.HttpClientRequest
): HttpClientRequest.HttpClientRequest => {
  const url = withoutUserinfo(request.url)
  return url === request.url ? request : HttpClientRequest.setUrl(request, url)
}
