/**
 * Implements platform's `HttpClientResponse` over a response: folded headers, cookies, and the body in
 * platform's formats.
 *
 * If the connection fails within the body, the error is a `RequestError` with the reason `Transport`, which
 * platform's retry policies treat as transient. Platform's types declare only `ResponseError` for bodies, but
 * the reasons of `ResponseError` describe invalid responses. The error type of platform's clients includes
 * both classes.
 */
import { withoutFrames } from "../../errors/tagged.js"
import * as Cookies from "@effect/platform/Cookies"
import * as Headers from "@effect/platform/Headers"
import * as PlatformError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as IncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { foldHeaders } from "../../wire/index.js"
import type { BodyError } from "./error.js"
import { valueOf } from "./json.js"
import { IncomingResponse, type Response as Source } from "./response.js"
import { withoutCredentials } from "./shownRequest.js"

const headersProto = Object.getPrototypeOf(Headers.empty) as object

export class PlatformResponse extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  readonly [HttpClientResponse.TypeId]: HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly [IncomingMessage.TypeId]: IncomingMessage.TypeId = IncomingMessage.TypeId
  private cachedHeaders: Headers.Headers | undefined = undefined
  private setCookies: ReadonlyArray<string> = []
  private cachedCookies: Cookies.Cookies | undefined = undefined

  constructor(
    readonly request: HttpClientRequest.HttpClientRequest,
    /** The underlying response. */
    readonly source: Source
  ) {
    super()
  }

  get status(): number {
    return this.source.status
  }

  get headers(): Headers.Headers {
    return (this.cachedHeaders ??= this.foldHeaders())
  }

  // Platform's record holds one string per name. The lines of `Set-Cookie` are also stored separately,
  // because joined lines cannot be parsed.
  private foldHeaders(): Headers.Headers {
    const { source } = this
    const into = Object.create(headersProto) as Record<string, string | Array<string> | undefined>
    const folded =
      source instanceof IncomingResponse
        ? foldHeaders(source.rawHeaders, { into, joinDuplicateHeaders: source.joinDuplicateHeaders })
        : Object.assign(into, source.headers)
    const cookies = folded["set-cookie"]
    if (Array.isArray(cookies)) {
      this.setCookies = cookies
      folded["set-cookie"] = cookies.join(", ")
    }
    return folded as unknown as Headers.Headers
  }

  get cookies(): Cookies.Cookies {
    if (this.cachedCookies === undefined) {
      this.cachedHeaders ??= this.foldHeaders()
      this.cachedCookies =
        this.setCookies.length === 0 ? Cookies.empty : Cookies.fromSetCookie(this.setCookies)
    }
    return this.cachedCookies
  }

  get remoteAddress(): Option.Option<string> {
    const { remote } = this.source
    return remote?._tag === "TcpAddress" ? Option.some(remote.hostname) : Option.none()
  }

  get stream(): Stream.Stream<Uint8Array, PlatformError.ResponseError> {
    return Stream.mapError(this.source.body, this.transportError)
  }

  get text(): Effect.Effect<string, PlatformError.ResponseError> {
    return Effect.mapError(this.source.text, this.transportError)
  }

  get json(): Effect.Effect<unknown, PlatformError.ResponseError> {
    return this.decode(this.text, valueOf)
  }

  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, PlatformError.ResponseError> {
    return this.decode(this.text, (text) => UrlParams.fromInput(new URLSearchParams(text)))
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, PlatformError.ResponseError> {
    // Copies the bytes, because they are a view of a larger buffer. `slice` does not copy if the view is a
    // Node `Buffer`.
    return Effect.map(this.body, (bytes) => new Uint8Array(bytes).buffer)
  }

  get formData(): Effect.Effect<FormData, PlatformError.ResponseError> {
    return Effect.flatMap(this.body, (bytes) =>
      Effect.tryPromise({
        try: () => {
          const headers = { "content-type": this.headers["content-type"] ?? "" }
          return new Response(bytes as Uint8Array<ArrayBuffer>, { headers }).formData()
        },
        catch: this.decodeError
      })
    )
  }

  // Shows the body only if it is already in memory, because inspecting a response must not consume its body.
  override toJSON(): unknown {
    const shown = {
      _id: "@effect/platform/HttpClientResponse",
      request: this.request.toJSON(),
      status: this.status
    }
    if (this.source instanceof IncomingResponse && this.source.readable)
      return IncomingMessage.inspect(this, shown)
    return {
      ...shown,
      headers: Inspectable.redact(this.headers),
      remoteAddress: this.remoteAddress.toJSON()
    }
  }

  private get body(): Effect.Effect<Uint8Array, PlatformError.ResponseError> {
    return Effect.mapError(this.source.bytes, this.transportError)
  }

  private decode<A>(
    text: Effect.Effect<string, PlatformError.ResponseError>,
    parse: (text: string) => A
  ): Effect.Effect<A, PlatformError.ResponseError> {
    return Effect.flatMap(text, (text) => Effect.try({ try: () => parse(text), catch: this.decodeError }))
  }

  private readonly decodeError = (cause: unknown): PlatformError.ResponseError =>
    withoutFrames(
      () =>
        new PlatformError.ResponseError({
          request: withoutCredentials(this.request),
          response: this,
          reason: "Decode",
          description: cause instanceof Error ? cause.message : String(cause),
          cause
        })
    )

  private readonly transportError = (cause: BodyError): PlatformError.ResponseError => {
    if (cause._tag === "InvalidContent" || cause._tag === "DecodedTooLarge") return this.decodeError(cause)
    const request = withoutCredentials(this.request)
    const error = withoutFrames(
      () =>
        new PlatformError.RequestError({
          request,
          reason: "Transport",
          cause,
          description: cause.message
        })
    )
    return error as PlatformError.HttpClientError as PlatformError.ResponseError
  }
}
