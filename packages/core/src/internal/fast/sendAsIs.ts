/**
 * Sends a request through a platform client without applying the client's `HttpClient.mapRequest` again,
 * because `mapRequest` has already transformed the request. Platform's clients keep the remaining steps in an
 * unpublished member. If a future version has no such member, the transformations run again, and the request
 * replaces their result.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"

type Send = <E, R>(
  client: HttpClient.HttpClient.With<E, R>,
  request: HttpClientRequest
) => Effect.Effect<HttpClientResponse, E, R>

interface Composed<E, R> {
  readonly postprocess: HttpClient.HttpClient.Postprocess<E, R>
}

export const sendReplacing: Send = (client, request) =>
  HttpClient.mapRequest(client, () => request).execute(request)

export const sendAsIs: Send = <E, R>(client: HttpClient.HttpClient.With<E, R>, request: HttpClientRequest) =>
  "postprocess" in client
    ? (client as unknown as Composed<E, R>).postprocess(Effect.succeed(request))
    : sendReplacing(client, request)
