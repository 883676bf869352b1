/**
 * Redacts platform's requests for errors, whose messages contain the URL.
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { withoutUserinfo } from "../../model/urlSecrets.js"

/** A copy of the request without user and password in its URL. */
export const withoutCredentials = (
  request: HttpClientRequest.HttpClientRequest
): HttpClientRequest.HttpClientRequest => {
  const url = withoutUserinfo(request.url)
  return url === request.url ? request : HttpClientRequest.setUrl(request, url)
}
