/**
 * Runs one function around each request of `Client` or of platform's client. Features use such a function to
 * set a field, to wait, and to read response heads.
 *
 * Retries and redirects that are added to the client later run the function once per attempt.
 */
import * as Cookies from "@effect/platform/Cookies"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { sendAsIs } from "../fast/sendAsIs.js"
import { shareScope } from "../fast/scopedRequests.js"
import type { HeadersInput, Request } from "../options/request.js"
import { inFiber, inRequest, unlessOff, type Feature } from "./features.js"
import { flatten } from "./headers.js"
import { PlatformResponse } from "./platformResponse.js"
import type { RequestError } from "./error.js"
import { requestError } from "./platformError.js"
import type { Service } from "./request.js"
import type { Response } from "./response.js"

/** A request of `Client` or of platform's client, before it is sent. */
export interface Asked {
  readonly method: string
  readonly url: URL
  /** Returns all values of a field. `name` is in lower case. */
  readonly values: (name: string) => ReadonlyArray<string>
}

/** The response head for an `Asked` request. */
export interface Answered {
  readonly status: number
  readonly values: (name: string) => ReadonlyArray<string>
}

/**
 * A function that runs around a request. `send` sends the request. A field passed to `send` replaces all
 * fields of the request with the same name. `answered` reads the head of a response. `fail` fails the
 * request.
 */
export type Around = <A, E, R>(
  asked: Asked,
  send: (field?: readonly [name: string, value: string]) => Effect.Effect<A, E, R>,
  answered: (answer: A) => Answered,
  fail: (error: RequestError) => Effect.Effect<never, E>
) => Effect.Effect<A, E, R>

export const valuesOf = (lines: ReadonlyArray<string>, name: string): ReadonlyArray<string> =>
  lines.filter((_, i) => i % 2 === 1 && lines[i - 1]!.toLowerCase() === name)

// ---- requests of `Client`

/** Returns the URL of a request. Returns `undefined` if the URL is invalid. */
export const urlOf = (url: Request["url"]): URL | undefined => {
  try {
    if (typeof url === "string" || url instanceof URL) return new URL(url)
    const host = url.host.includes(":") ? `[${url.host}]` : url.host
    const origin = new URL(
      `${url.protocol ?? "http:"}//${host}${url.port === undefined ? "" : `:${url.port}`}`
    )
    return new URL(url.path?.startsWith("/") === true ? origin.origin + url.path : origin)
  } catch {
    return undefined
  }
}

const linesOf = (headers: HeadersInput | undefined): ReadonlyArray<string> =>
  headers === undefined ? [] : flatten(headers)

const replaced = (headers: HeadersInput | undefined, name: string, value: string): ReadonlyArray<string> => {
  const lines: Array<string> = []
  const given = linesOf(headers)
  for (let i = 0; i < given.length; i += 2)
    if (given[i]!.toLowerCase() !== name) lines.push(given[i]!, given[i + 1]!)
  lines.push(name, value)
  return lines
}

const headOf = ({ rawHeaders, status }: Response): Answered => ({
  status,
  values: (name) => valuesOf(rawHeaders, name)
})

/** Runs the function `around` around `request`, `requestScoped`, `upgrade` and `httpClient` of a `Client`. */
export const aroundClient =
  (feature: Feature, around: Around) =>
  (self: Service): Service => {
    const run = <Q extends Request<unknown>, A, E, R>(
      request: Q,
      send: (request: Q) => Effect.Effect<A, E, R>,
      responseOf: (answer: A) => Response
    ): Effect.Effect<A, E, R> => {
      const url = urlOf(request.url)
      if (url === undefined) return send(request)
      const { headers, method = "GET" } = request
      return unlessOff(
        feature,
        inRequest(request),
        around(
          { method, url, values: (name) => valuesOf(linesOf(headers), name) },
          (field) =>
            send(field === undefined ? request : { ...request, headers: replaced(headers, ...field) }),
          (answer) => headOf(responseOf(answer)),
          (error) => Effect.fail(error as E)
        ),
        send(request)
      )
    }
    const same = (response: Response) => response
    return {
      ...self,
      request: (request) => run(request, self.request, same),
      requestScoped: (request) => run(request, self.requestScoped, same),
      upgrade: (request) => run(request, self.upgrade, ({ response }) => response),
      httpClient: aroundHttpClient(feature, around)(self.httpClient)
    }
  }

// ---- requests of platform's client

/** Returns the URL of a platform request. Returns `undefined` if the URL is invalid. */
export const urlOfPlatform = ({
  hash,
  url,
  urlParams
}: HttpClientRequest.HttpClientRequest): URL | undefined =>
  Option.getOrUndefined(Either.getRight(UrlParams.makeUrl(url, urlParams, hash)))

/** Runs the function `around` around the requests of any platform client. */
export const aroundHttpClient =
  (feature: Feature, around: Around) =>
  <E, R>(client: HttpClient.HttpClient.With<E, R>): HttpClient.HttpClient.With<E, R> =>
    HttpClient.transform(client, (sent, request) => {
      const url = urlOfPlatform(request)
      if (url === undefined) return sent
      const { headers, method } = request
      const send = (field?: readonly [name: string, value: string]) => {
        if (field === undefined) return sent
        const changed = HttpClientRequest.setHeader(request, ...field)
        shareScope(request, changed)
        return sendAsIs(client, changed)
      }
      return unlessOff(
        feature,
        inFiber,
        around(
          { method, url, values: (name) => (headers[name] === undefined ? [] : [headers[name]]) },
          send,
          (response) =>
            response instanceof PlatformResponse
              ? headOf(response.source)
              : {
                  status: response.status,
                  values: (name) =>
                    name === "set-cookie"
                      ? Cookies.toSetCookieHeaders(response.cookies)
                      : response.headers[name] === undefined
                        ? []
                        : [response.headers[name]]
                },
          (error) => Effect.fail(requestError(request, "Transport", error) as E)
        ),
        sent
      )
    })
