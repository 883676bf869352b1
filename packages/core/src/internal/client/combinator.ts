/**
 * Functions that the combinators of clients share: a test for clients, and a client whose requests all fail.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import type { InvalidOption } from "../../errors/server.js"
import { requestError } from "./platformError.js"
import type { Service } from "./request.js"

/** Platform's client with any types of errors and requirements. */
export type AnyHttpClient = HttpClient.HttpClient.With<never, never>

export const isHttpClient = (self: object): self is HttpClient.HttpClient.With<unknown, unknown> =>
  HttpClient.TypeId in self

/** Returns whether a value is a `Client` or platform's client. */
export const isClient = (value: unknown): value is Service | AnyHttpClient =>
  typeof value === "object" && value !== null && ("requestScoped" in value || isHttpClient(value))

const refusingHttpClient = <E, R>(client: HttpClient.HttpClient.With<E, R>, error: InvalidOption) =>
  HttpClient.transform(client, (_, request) => Effect.fail(requestError(request, "Encode", error)))

/**
 * Returns a client whose requests all fail, because a combinator in a pipe returns a client and cannot fail
 * itself.
 */
export const refusing = <A extends Service | AnyHttpClient>(self: A, error: InvalidOption): A => {
  if (isHttpClient(self)) return refusingHttpClient(self, error) as unknown as A
  const fail = () => Effect.fail(error)
  const service: Service = {
    ...self,
    request: fail,
    requestScoped: fail,
    upgrade: fail,
    httpClient: refusingHttpClient(self.httpClient, error)
  }
  return service as A
}
