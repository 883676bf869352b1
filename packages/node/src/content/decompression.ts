/**
 * Decompresses responses for `Client` and platform's client.
 *
 * Never decodes a part of a representation, and never decodes content with an unknown coding.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as PlatformError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Client from "@httpfx/core/Client"
import { TooManyCodings } from "@httpfx/core/HttpError"
import { between, integer, limit, refuseUnknown, someOf, type Check } from "@httpfx/core/OptionCheck"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isAvailable } from "./coder.js"
import type { Coding, Limits } from "./decoders.js"
import { DecodedResponse } from "./decodedResponse.js"

/**
 * Options of the decompression.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The codings to ask for and to decode. `zstd` is left out if this version of Node.js lacks it (before
   * 22.15). Default `["gzip", "deflate", "br", "zstd"]`.
   */
  readonly codings?: ReadonlyArray<Coding> | undefined
  /** Maximum size of decoded content, in bytes. `Infinity` removes the limit. Default 268435456 (256 MiB). */
  readonly maxSize?: number | undefined
  /**
   * Maximum number of decoded bytes per received byte. The limit applies when more than 1 MiB has been
   * decoded. `Infinity` removes the limit. Default 200.
   */
  readonly maxRatio?: number | undefined
  /** Maximum number of codings of a response. Default 3. */
  readonly maxCodings?: number | undefined
}

const checks: { readonly [K in keyof Options]-?: Check } = {
  codings: someOf("br", "deflate", "gzip", "zstd"),
  maxSize: limit(0),
  maxRatio: between(1, Infinity),
  maxCodings: integer(1)
}

const isOff = Client.isOff("decompression")

// Statuses of responses without content, or with a part of a representation.
const untouched = new Set([204, 205, 206, 304])

class Decompressor {
  private readonly codings: ReadonlySet<string>
  private readonly limits: Limits
  private readonly maxCodings: number
  readonly accepted: string

  constructor(options: Options) {
    const { codings = ["gzip", "deflate", "br", "zstd"], maxCodings = 3 } = options
    const { maxRatio = 200, maxSize = 256 * 1024 * 1024 } = options
    const available = codings.filter(isAvailable)
    this.codings = new Set(available)
    this.accepted = available.length === 0 ? "identity" : available.join(", ")
    this.limits = { maxRatio, maxSize }
    this.maxCodings = maxCodings
  }

  /** Returns the response with decoded content. Returns the same response if it has no content to decode. */
  decode(method: string, response: Client.Response): Effect.Effect<Client.Response, TooManyCodings> {
    const { headers, status } = response
    const listed = headers["content-encoding"]
    if (
      typeof listed !== "string" ||
      method === "HEAD" ||
      untouched.has(status) ||
      headers["content-range"] !== undefined
    )
      return Effect.succeed(response)
    const codings = listed
      .toLowerCase()
      .split(",")
      .map((coding) => coding.trim())
      .filter((coding) => coding !== "" && coding !== "identity")
      .map((coding) => (coding === "x-gzip" ? "gzip" : coding))
    if (codings.length === 0 || codings.some((coding) => !this.codings.has(coding)))
      return Effect.succeed(response)
    if (codings.length > this.maxCodings) {
      const error = new TooManyCodings({ codings: codings.length, limit: this.maxCodings })
      return Effect.zipRight(response.discard, Effect.fail(error))
    }
    return Effect.succeed(new DecodedResponse(response, codings as ReadonlyArray<Coding>, this.limits))
  }
}

// ---- `Client`

type Headers = Client.Request["headers"]

const has = (headers: Headers, ...names: ReadonlyArray<string>): boolean => {
  if (headers === undefined) return false
  const given = Array.isArray(headers)
    ? headers.filter((_, at) => at % 2 === 0)
    : Object.keys(headers).filter((name) => (headers as Record<string, unknown>)[name] !== undefined)
  return given.some((name: unknown) => names.includes(String(name).toLowerCase()))
}

// With `Range`, ask for no coding, because a range of a compressed representation cannot be decoded.
const asking = (headers: Headers, accepted: string): Headers =>
  has(headers, "accept-encoding", "range")
    ? headers
    : Array.isArray(headers)
      ? [...(headers as ReadonlyArray<string>), "Accept-Encoding", accepted]
      : { ...headers, "Accept-Encoding": accepted }

const decompressRequests =
  (decompressor: Decompressor) =>
  <E, R>(
    request: Client.Request<E>,
    send: (request: Client.Request<E>) => Effect.Effect<Client.Response, Client.RequestError | E, R>
  ): Effect.Effect<Client.Response, Client.RequestError | E, R> =>
    Effect.flatMap(isOff, (off) =>
      off
        ? send(request)
        : Effect.flatMap(
            send({ ...request, headers: asking(request.headers, decompressor.accepted) }),
            (response) => decompressor.decode(request.method ?? "GET", response)
          )
    )

// ---- platform's client

const decompressHttpClient = <E, R>(
  decompressor: Decompressor,
  client: HttpClient.HttpClient.With<E, R>
): HttpClient.HttpClient.With<E | PlatformError.ResponseError, R> => {
  const asks = HttpClient.mapRequestEffect(client, (request) =>
    Effect.map(isOff, (off) =>
      off || request.headers["accept-encoding"] !== undefined || request.headers["range"] !== undefined
        ? request
        : HttpClientRequest.setHeader(request, "Accept-Encoding", decompressor.accepted)
    )
  )
  const decode = (
    response: HttpClientResponse.HttpClientResponse,
    request: HttpClientRequest.HttpClientRequest
  ): Effect.Effect<HttpClientResponse.HttpClientResponse, PlatformError.ResponseError> => {
    // Only responses of a `Client` have their coded content. Other clients may have decoded it already, so
    // leave their responses alone.
    const source = Option.getOrUndefined(Client.fromHttpClientResponse(response))
    if (source === undefined) return Effect.succeed(response)
    return Effect.mapBoth(decompressor.decode(request.method, source), {
      onSuccess: (decoded) =>
        decoded === source ? response : Client.toHttpClientResponse(decoded, response.request),
      onFailure: (cause) =>
        new PlatformError.ResponseError({
          request: Client.shownRequest(request),
          response,
          reason: "Decode",
          cause,
          description: cause.message
        })
    })
  }
  return HttpClient.transform(asks, (sent, request) =>
    Effect.flatMap(isOff, (off) =>
      off ? sent : Effect.flatMap(sent, (response) => decode(response, request))
    )
  )
}

// ---- both clients

type Either = Client.Service | HttpClient.HttpClient.With<never, never>

/** Implements `NodeDecompression.decompress`. */
export const decompress = <A extends Either>(self: A, options: Options = {}): A => {
  const refused = refuseUnknown(options, checks)
  if (refused !== undefined) return Client.refusing(self as Client.Service, refused) as A
  const decompressor = new Decompressor(options)
  if (HttpClient.TypeId in self) return decompressHttpClient(decompressor, self) as unknown as A
  const run = decompressRequests(decompressor)
  const service: Client.Service = {
    ...self,
    request: (request) => run(request, self.request),
    requestScoped: (request) => run(request, self.requestScoped),
    httpClient: decompressHttpClient(decompressor, self.httpClient)
  }
  return service as A
}
