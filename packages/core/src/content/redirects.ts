/**
 * Follows redirects (RFC 9110 §15.4) for `Client` and platform's client, by the Fetch standard's rules for
 * methods and credentials.
 *
 * Credentials are sent only to the origin for which they were given. A removed field is never added again.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as PlatformError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Headers from "@effect/platform/Headers"
import * as HttpBody from "@effect/platform/HttpBody"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import type { ConnectionOptions, HeadersInput, Request, RequestOptions } from "../internal/options/request.js"
import {
  BodyNotReplayable,
  InvalidRedirect,
  RedirectLoop,
  TooManyRedirects,
  type RedirectError
} from "../errors/redirects.js"
import type { RequestError } from "../internal/client/error.js"
import type { Service } from "../internal/client/request.js"
import { urlOf, urlOfPlatform, valuesOf } from "../internal/client/around.js"
import { outsideCall } from "../internal/client/call.js"
import { isHttpClient, refusing, type AnyHttpClient } from "../internal/client/combinator.js"
import { inFiber, inRequest, unlessOff } from "../internal/client/features.js"
import { sendAsIs } from "../internal/fast/sendAsIs.js"
import { shareScope } from "../internal/fast/scopedRequests.js"
import { currentRequestOptions } from "../internal/client/requestOptions.js"
import type { Response } from "../internal/client/response.js"
import { callback, limit, names, refuseUnknown, type Complete } from "../internal/options/checks.js"
import { withoutCredentials } from "../internal/client/shownRequest.js"
import { withoutUserinfo } from "../model/urlSecrets.js"

/**
 * A redirect that was followed. Its URLs never contain a user or a password.
 *
 * @since 0.1.0
 * @category redirects
 */
export interface Redirect {
  /** Status of the response that redirected: 301, 302, 303, 307 or 308. */
  readonly status: number
  /** The URL of the redirected request. */
  readonly from: string
  /** The URL of the next request. */
  readonly to: string
  /** The method of the next request. */
  readonly method: string
  /** Whether the next request went to another origin. Its credentials were then removed. */
  readonly crossOrigin: boolean
}

/**
 * Options for following redirects.
 *
 * @since 0.1.0
 * @category redirects
 */
export interface RedirectOptions {
  /**
   * Maximum number of redirects per request. A further redirect fails with `TooManyRedirects`. Default 20.
   */
  readonly limit?: number | undefined
  /**
   * Names of additional fields that must not be sent to another origin, such as `X-Api-Key`. `Authorization`,
   * `Cookie`, `Proxy-Authorization`, `Host`, `Origin` and `Referer` are never sent to another origin.
   * Default: no additional fields.
   */
  readonly credentials?: ReadonlyArray<string> | undefined
  /** Called for each redirect before it is followed. */
  readonly onRedirect?: ((redirect: Redirect) => Effect.Effect<void>) | undefined
}

export const currentRedirects: FiberRef.FiberRef<ReadonlyArray<Redirect>> = globalValue(
  "@httpfx/core/Client/currentRedirects",
  () => FiberRef.unsafeMake<ReadonlyArray<Redirect>>([])
)

const checks: Complete<RedirectOptions> = { limit: limit(0), credentials: names, onRedirect: callback }

const statuses = new Set([301, 302, 303, 307, 308])

/** Fields that must not be sent to another origin. `Host` is in the list, because it names the origin. */
const ofOrigin = ["authorization", "cookie", "cookie2", "proxy-authorization", "host", "origin", "referer"]

/**
 * Fields that describe the content or its transfer. They are removed together with the body (RFC 9110 §15.4,
 * the Fetch standard's request-body-header names).
 */
const ofContent = [
  ...["content-encoding", "content-language", "content-location", "content-type", "content-length"],
  ...["content-digest", "repr-digest", "digest", "last-modified", "transfer-encoding", "trailer", "expect"]
]

/** The current request, of `Client` or of platform's client. */
interface Asked {
  readonly method: string
  readonly url: URL
  readonly replayable: boolean
}

interface Answered {
  readonly status: number
  /** All values of the `Location` field. */
  readonly locations: ReadonlyArray<string>
  readonly setsCookies: boolean
}

/** The differences between the current request and the next request. */
interface Change {
  readonly url: URL
  readonly method: string
  /** Lower-case names of fields to remove. */
  readonly without: ReadonlySet<string>
  readonly withoutBody: boolean
  readonly crossOrigin: boolean
}

const shown = (url: URL): string => withoutUserinfo(url.href)

class Walk {
  readonly redirects: Array<Redirect> = []
  private readonly visited: Array<string> = []
  private requests = new Set<string>()

  constructor(private readonly options: RedirectOptions) {}

  /** Returns the changes for the next request, or an error, or `undefined` if the response is final. */
  next(asked: Asked, { locations, setsCookies, status }: Answered): Change | RedirectError | undefined {
    if (!statuses.has(status) || locations.length === 0 || asked.method === "CONNECT") return undefined
    const { limit = 20 } = this.options
    const facts = { status, url: shown(asked.url), visited: [...this.visited] }
    const to = targetOf(asked.url, locations)
    if (typeof to === "string")
      return new InvalidRedirect({
        ...facts,
        location: locations.map(withoutUserinfo).join(", "),
        reason: to
      })
    if (this.redirects.length >= limit) return new TooManyRedirects({ ...facts, limit })
    const method = methodAfter(status, asked.method)
    const withoutBody = method !== asked.method
    if (!withoutBody && !asked.replayable) return new BodyNotReplayable({ ...facts, method, to: shown(to) })
    // A response that sets cookies can change the next response, so a repeated request is then not a
    // `RedirectLoop`.
    if (setsCookies) this.requests.clear()
    else this.requests.add(keyOf(asked.method, asked.url))
    if (this.requests.has(keyOf(method, to))) return new RedirectLoop({ ...facts, to: shown(to) })
    const crossOrigin = to.origin !== asked.url.origin
    if (!crossOrigin) Object.assign(to, { username: asked.url.username, password: asked.url.password })
    const { credentials = [] } = this.options
    const without = new Set([
      ...(crossOrigin ? [...ofOrigin, ...credentials.map((name) => name.toLowerCase())] : []),
      ...(withoutBody ? ofContent : [])
    ])
    this.visited.push(facts.url)
    this.redirects.push({ status, from: facts.url, to: shown(to), method, crossOrigin })
    return { url: to, method, without, withoutBody, crossOrigin }
  }

  /** Stores the redirects so far in `currentRedirects` while a request is sent. */
  known<A, E, R>(sent: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return this.redirects.length === 0 ? sent : Effect.locally(sent, currentRedirects, [...this.redirects])
  }

  /**
   * Returns the effect that calls `onRedirect` with the latest redirect. The effect runs before the next
   * request is sent.
   */
  get notify(): Effect.Effect<void> {
    const notified = this.options.onRedirect?.(this.redirects.at(-1)!)
    return notified === undefined ? Effect.void : outsideCall(notified)
  }
}

const keyOf = (method: string, url: URL): string =>
  `${method} ${url.href.slice(0, url.href.length - url.hash.length)}`

// Returns the method of the next request, by the Fetch standard (HTTP-redirect fetch).
const methodAfter = (status: number, method: string): string => {
  if (status === 303) return method === "HEAD" ? method : "GET"
  return (status === 301 || status === 302) && method === "POST" ? "GET" : method
}

const targetOf = (from: URL, locations: ReadonlyArray<string>): URL | InvalidRedirect["reason"] => {
  const location = locations[0]!
  if (locations.some((other) => other !== location)) return "location"
  // Remove user and password from the base URL, because a relative reference would inherit both.
  const base = new URL(from)
  base.username = base.password = ""
  let to: URL
  try {
    to = new URL(location, base)
  } catch {
    return "location"
  }
  if (to.protocol !== "http:" && to.protocol !== "https:") return "protocol"
  if (to.username !== "" || to.password !== "") return "credentials"
  // A URL without a fragment inherits the fragment of the redirected URL (RFC 9110 §10.2.2).
  if (to.hash === "") to.hash = from.hash
  return to
}

// Removes the TLS options that must not reach another origin. The client certificate is a credential. The
// server name and the session belong to one server.
const withoutIdentity = (connection: ConnectionOptions | undefined): ConnectionOptions | undefined => {
  if (connection?.tls === undefined) return connection
  const { cert: _cert, key: _key, passphrase: _passphrase, pfx: _pfx, ...rest } = connection.tls
  const { onSession: _onSession, serverName: _serverName, session: _session, ...tls } = rest
  return { ...connection, tls }
}

const optionsAfter = <E>(
  options: RequestOptions<E>,
  { crossOrigin, withoutBody }: Change
): Pick<RequestOptions<E>, "connection" | "trailers" | "expectContinue"> => ({
  connection: crossOrigin ? withoutIdentity(options.connection) : options.connection,
  trailers: withoutBody ? undefined : options.trailers,
  expectContinue: withoutBody ? undefined : options.expectContinue
})

// ---- the redirects that led to a response

const known = new WeakMap<object, ReadonlyArray<Redirect>>()
const none: ReadonlyArray<Redirect> = []

export const redirectsOf = (
  response: Response | HttpClientResponse.HttpClientResponse
): ReadonlyArray<Redirect> => known.get(response) ?? none

const arrived = <A extends object>(response: A, { redirects }: Walk): A => {
  if (redirects.length > 0) known.set(response, redirects)
  return response
}

// ---- redirects for `Client`

const without = (headers: HeadersInput | undefined, names: ReadonlySet<string>): HeadersInput | undefined => {
  if (headers === undefined || names.size === 0) return headers
  if (!Array.isArray(headers))
    return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.has(name.toLowerCase())))
  const kept: Array<string> = []
  for (let i = 0; i < headers.length; i += 2)
    if (!names.has(String(headers[i]).toLowerCase()))
      kept.push(headers[i] as string, headers[i + 1] as string)
  return kept
}

const answeredBy = ({ rawHeaders, status }: Response): Answered => ({
  status,
  locations: valuesOf(rawHeaders, "location"),
  setsCookies: valuesOf(rawHeaders, "set-cookie").length > 0
})

const followRequest = <E, R>(
  options: RedirectOptions,
  first: Request<E>,
  send: (request: Request<E>) => Effect.Effect<Response, RequestError | E, R>
): Effect.Effect<Response, RequestError | E, R> => {
  const step = (walk: Walk, request: Request<E>): Effect.Effect<Response, RequestError | E, R> =>
    Effect.flatMap(walk.known(send(request)), (response) => {
      const url = statuses.has(response.status) ? urlOf(request.url) : undefined
      if (url === undefined) return Effect.succeed(arrived(response, walk))
      const { body, method = "GET" } = request
      const replayable =
        body === undefined || typeof body === "string" || body instanceof Uint8Array || isForm(body)
      const change = walk.next({ method, url, replayable }, answeredBy(response))
      if (change === undefined) return Effect.succeed(arrived(response, walk))
      if ("_tag" in change) return Effect.zipRight(response.discard, Effect.fail(change))
      const next: Request<E> = {
        ...request,
        ...optionsAfter(request, change),
        url: change.url,
        method: change.method,
        headers: without(request.headers, change.without),
        auth: change.crossOrigin ? undefined : request.auth,
        body: change.withoutBody ? undefined : body
      }
      return Effect.zipRight(response.discard, Effect.zipRight(walk.notify, step(walk, next)))
    })
  return unlessOff(
    "redirects",
    inRequest(first),
    Effect.suspend(() => step(new Walk(options), first)),
    send(first)
  )
}

const isForm = (body: unknown): body is FormData =>
  typeof FormData !== "undefined" && body instanceof FormData

// ---- redirects for platform's client

const replays = (body: HttpBody.HttpBody): boolean =>
  body._tag === "Raw"
    ? typeof body.body === "string" ||
      body.body instanceof ArrayBuffer ||
      ArrayBuffer.isView(body.body) ||
      body.body instanceof URLSearchParams ||
      body.body instanceof Blob ||
      isForm(body.body)
    : body._tag !== "Stream"

const valuesIn = (headers: Headers.Headers, name: string): ReadonlyArray<string> =>
  headers[name] === undefined ? [] : [headers[name]]

// Creates a request to `url`. The query stays in the URL, because platform would encode query parameters
// again.
const requestTo = (
  url: URL,
  method: string,
  headers: Headers.Headers,
  body: HttpBody.HttpBody
): HttpClientRequest.HttpClientRequest =>
  HttpClientRequest.make(method as "GET")(url.href).pipe(
    HttpClientRequest.setBody(body),
    HttpClientRequest.setHeaders(headers)
  )

const followHttpClient = <E, R>(
  options: RedirectOptions,
  sourceOf: SourceOf,
  client: HttpClient.HttpClient.With<E, R>
): HttpClient.HttpClient.With<E | PlatformError.HttpClientError, R> => {
  type Sent = Effect.Effect<HttpClientResponse.HttpClientResponse, E | PlatformError.ResponseError, R>
  const step = (walk: Walk, request: HttpClientRequest.HttpClientRequest, sent: Sent): Sent =>
    Effect.flatMap(sent, (response) => {
      const url = statuses.has(response.status) ? urlOfPlatform(request) : undefined
      if (url === undefined) return Effect.succeed(arrived(response, walk))
      const source = sourceOf(response)
      const answered =
        source === undefined
          ? {
              status: response.status,
              locations: valuesIn(response.headers, "location"),
              setsCookies: response.headers["set-cookie"] !== undefined
            }
          : answeredBy(source)
      const { body, headers, method } = request
      const change = walk.next({ method, url, replayable: replays(body) }, answered)
      if (change === undefined) return Effect.succeed(arrived(response, walk))
      const discard = source?.discard ?? Effect.void
      if ("_tag" in change) return Effect.zipRight(discard, Effect.fail(failed(request, response, change)))
      const next = requestTo(
        change.url,
        change.method,
        Headers.remove(headers, [...change.without]),
        change.withoutBody ? HttpBody.empty : body
      )
      shareScope(request, next)
      // Skip the client's own transformations, because the first request has passed through them already.
      // They could add the removed credentials again.
      const withOptions = Effect.locallyWith(sendAsIs(client, next), currentRequestOptions, (own) =>
        own === undefined ? own : { ...own, ...optionsAfter(own, change) }
      )
      return Effect.zipRight(discard, Effect.zipRight(walk.notify, step(walk, next, walk.known(withOptions))))
    })
  return HttpClient.transform(client, (sent, request) =>
    unlessOff(
      "redirects",
      inFiber,
      Effect.suspend(() => step(new Walk(options), request, sent)),
      sent
    )
  )
}

const failed = (
  request: HttpClientRequest.HttpClientRequest,
  response: HttpClientResponse.HttpClientResponse,
  cause: RedirectError
): PlatformError.ResponseError =>
  new PlatformError.ResponseError({
    request: withoutCredentials(request),
    response,
    reason: "StatusCode",
    cause,
    description: cause.message
  })

// ---- redirects for either client

type SourceOf = (response: HttpClientResponse.HttpClientResponse) => Response | undefined

/** Implements `Client.followRedirects`. `sourceOf` returns the `Response` that a platform response wraps. */
export const follow =
  (sourceOf: SourceOf) =>
  <A extends Service | AnyHttpClient>(self: A, options: RedirectOptions = {}): A => {
    const refused = refuseUnknown(options, checks)
    if (refused !== undefined) return refusing(self, refused)
    if (isHttpClient(self)) return followHttpClient(options, sourceOf, self) as unknown as A
    const service: Service = {
      ...self,
      request: (request) => followRequest(options, request, self.request),
      requestScoped: (request) => followRequest(options, request, self.requestScoped),
      httpClient: followHttpClient(options, sourceOf, self.httpClient)
    }
    return service as A
  }
