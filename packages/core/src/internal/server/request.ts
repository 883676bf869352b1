/**
 * Implements platform's `HttpServerRequest` over an exchange.
 *
 * Views of the head are computed on first read. The exchange receives the body and keeps it in memory.
 * Several middlewares can therefore read the body as text, JSON, form data or bytes, although each middleware
 * has its own request object.
 */
import * as Cookies from "@effect/platform/Cookies"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Headers from "@effect/platform/Headers"
import * as IncomingMessage from "@effect/platform/HttpIncomingMessage"
import type { HttpMethod } from "@effect/platform/HttpMethod"
import * as ServerError from "@effect/platform/HttpServerError"
import * as ServerRequest from "@effect/platform/HttpServerRequest"
import * as Respondable from "@effect/platform/HttpServerRespondable"
import * as ServerResponse from "@effect/platform/HttpServerResponse"
import type * as Multipart from "@effect/platform/Multipart"
import type * as Path from "@effect/platform/Path"
import type * as PlatformSocket from "@effect/platform/Socket"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import type { ReadonlyRecord } from "effect/Record"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { IncomingBody } from "../incomingBody.js"
import type { BodyError, ServerExchange } from "./exchange.js"
import type { BodyLoss } from "../../connection/server/ports.js"
import { fromLoss } from "../../errors/fromLoss.js"
import { withoutFrames } from "../../errors/tagged.js"
import type { ClientFacts } from "../../model/client.js"
import type { TooLarge } from "../../model/loss.js"
import { foldHeaders } from "../../wire/index.js"
import { failure, parts, type Source } from "./multipart/parts.js"
import { persist } from "./multipart/persist.js"
import { upgradeToWebSocket } from "./webSocket.js"
import { targetHost } from "./target.js"

// Middlewares and platform's `toURL` trust these fields, but any client can send them. So replace them by the
// facts about the client. `Exchange.rawHeaders` has the fields as received.
const showClient = (fields: Record<string, unknown>, { host, scheme }: ClientFacts): void => {
  for (const name of ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port"])
    delete fields[name]
  fields["x-forwarded-proto"] = scheme
  if (host !== undefined) fields["host"] = host
}

const decoder = new TextDecoder()
const noBytes = new Uint8Array(0)

const toText = (bytes: Uint8Array): string => decoder.decode(bytes)

// An empty body is decoded as `null`, as in platform's other servers.
const toJson = (bytes: Uint8Array): unknown => {
  const text = toText(bytes)
  return text === "" ? null : JSON.parse(text)
}

const toUrlParams = (bytes: Uint8Array): UrlParams.UrlParams =>
  UrlParams.fromInput(new URLSearchParams(toText(bytes)))

const toArrayBuffer = (bytes: Uint8Array): ArrayBuffer =>
  bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer

// Makes platform respond with this status to a failure that the app does not handle.
const respondWith = (status: number) => ({
  [Respondable.symbol]: () => ServerResponse.empty({ status })
})

type Failure = ServerError.RequestError

export class ServerRequestImpl extends Inspectable.Class implements ServerRequest.HttpServerRequest {
  declare readonly [ServerRequest.TypeId]: ServerRequest.TypeId
  declare readonly [IncomingMessage.TypeId]: IncomingMessage.TypeId

  private cachedHeaders: Headers.Headers | undefined
  private cachedCookies: ReadonlyRecord<string, string> | undefined = undefined

  constructor(
    readonly source: ServerExchange,
    readonly url: string,
    headers: Headers.Headers | undefined,
    private readonly remoteAddressOverride: string | undefined
  ) {
    super()
    this.cachedHeaders = headers
  }

  get method(): HttpMethod {
    return this.source.head.method as HttpMethod
  }

  get originalUrl(): string {
    return this.source.head.target
  }

  get headers(): Headers.Headers {
    return (this.cachedHeaders ??= this.foldHeaders())
  }

  // Platform's record holds one string per name, so values of `Set-Cookie` are joined.
  private foldHeaders(): Headers.Headers {
    const { rawHeaders, target } = this.source.head
    const { joinDuplicateHeaders } = this.source.serving.server.settings
    const folded = foldHeaders(rawHeaders, joinDuplicateHeaders ? { joinDuplicateHeaders } : undefined)
    const cookies = folded["set-cookie"]
    if (Array.isArray(cookies)) folded["set-cookie"] = cookies.join(", ")
    const host = targetHost(target)
    if (host !== undefined) folded["host"] = host
    if (this.source.serving.server.settings.trust !== undefined) showClient(folded, this.source.client)
    return Headers.unsafeFromRecord(folded as Record<string, string>)
  }

  get cookies(): ReadonlyRecord<string, string> {
    return (this.cachedCookies ??= Cookies.parseHeader(this.headers["cookie"] ?? ""))
  }

  get remoteAddress(): Option.Option<string> {
    return Option.fromNullable(this.remoteAddressOverride ?? this.source.remoteAddress)
  }

  modify(options: {
    readonly url?: string
    readonly headers?: Headers.Headers
    readonly remoteAddress?: string
  }): ServerRequest.HttpServerRequest {
    return new ServerRequestImpl(
      this.source,
      options.url ?? this.url,
      options.headers ?? this.cachedHeaders,
      options.remoteAddress ?? this.remoteAddressOverride
    )
  }

  get stream(): Stream.Stream<Uint8Array, Failure> {
    const { body } = this.source
    if (body === undefined) return Stream.empty
    // Use `Channel.flatMap`, because `Stream.unwrap` would run another interpreter for every chunk.
    const channel = Channel.flatMap(Channel.fromEffect(IncomingMessage.MaxBodySize), (size) =>
      Stream.toChannel(Option.isNone(size) ? body.stream : this.limited(body, Number(size.value)))
    )
    return Stream.mapError(Stream.fromChannel(channel), (cause) => this.failed(cause))
  }

  // Fails once the body exceeds the limit. The consumer may already have received the bytes within the limit.
  private limited(
    body: IncomingBody<BodyLoss, BodyError>,
    limit: number
  ): Stream.Stream<Uint8Array, BodyError> {
    const tooLarge = (): TooLarge => ({ _tag: "TooLarge", limit })
    const { contentLength } = this.source.head
    if (contentLength !== undefined && contentLength > limit) return Stream.fail(fromLoss(tooLarge()))
    return body.limited(limit, tooLarge)
  }

  get text(): Effect.Effect<string, Failure> {
    return this.whole(toText)
  }

  get json(): Effect.Effect<unknown, Failure> {
    return this.whole(toJson)
  }

  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, Failure> {
    return this.whole(toUrlParams)
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, Failure> {
    return this.whole(toArrayBuffer)
  }

  get multipart(): Effect.Effect<
    Multipart.Persisted,
    Multipart.MultipartError,
    Scope.Scope | FileSystem.FileSystem | Path.Path
  > {
    return (this.source.multipart ??= Effect.runSync(Effect.cached(persist(this.multipartStream))))
  }

  get multipartStream(): Stream.Stream<Multipart.Part, Multipart.MultipartError> {
    return parts(
      this.headers,
      Effect.map(IncomingMessage.MaxBodySize, (size) =>
        this.formSource(Option.getOrUndefined(Option.map(size, Number)))
      )
    )
  }

  private formSource(limit: number | undefined): Source {
    const { body, head } = this.source
    if (body === undefined) return { take: () => "end", ready: Effect.void }
    const failed = (cause: BodyError): Multipart.MultipartError =>
      cause._tag === "BodyTooLarge"
        ? failure("BodyTooLarge", this.failed(cause))
        : failure("InternalError", this.failed(cause), "status" in cause ? cause.status : 400)
    const tooLarge = (): TooLarge => ({ _tag: "TooLarge", limit: limit! })
    if (limit !== undefined && head.contentLength !== undefined && head.contentLength > limit)
      return { take: () => failed(fromLoss(tooLarge())), ready: Effect.void }
    return {
      take: () => {
        const taken = body.takeNow(limit, tooLarge)
        if (taken === undefined) return undefined
        return Exit.match(taken, {
          onFailure: (cause) => failed(Cause.squash(cause) as BodyError),
          onSuccess: (slices) => slices ?? "end"
        })
      },
      ready: body.readable
    }
  }

  get upgrade(): Effect.Effect<PlatformSocket.Socket, Failure> {
    return upgradeToWebSocket(this.source, this)
  }

  toJSON(): unknown {
    return IncomingMessage.inspect(this, {
      _id: "@effect/platform/HttpServerRequest",
      method: this.method,
      url: this.originalUrl
    })
  }

  // Decodes the whole body. If the body has already arrived, decoding takes one step of the fiber.
  private whole<A>(decode: (bytes: Uint8Array) => A): Effect.Effect<A, Failure> {
    const { body, head } = this.source
    return Effect.withFiberRuntime<A, Failure>((fiber) => {
      if (body === undefined) return this.decoded(noBytes, decode)
      const size = Context.get(fiber.currentContext as Context.Context<never>, IncomingMessage.MaxBodySize)
      const limit = size._tag === "None" ? undefined : Number(size.value)
      const tooLarge = (): TooLarge => ({ _tag: "TooLarge", limit: limit! })
      // If `Content-Length` is too large, fail without reading, so that the client does not get 100 (RFC 9110
      // §10.1.1).
      if (limit !== undefined && head.contentLength !== undefined && head.contentLength > limit)
        return Effect.fail(this.failed(fromLoss(tooLarge())))
      const now = body.wholeNow(limit, tooLarge)
      if (now?._tag === "Success") return this.decoded(now.value, decode)
      return Effect.matchEffect(now ?? body.bytes(limit, tooLarge), {
        onFailure: (cause) => Effect.fail(this.failed(cause)),
        onSuccess: (bytes) => this.decoded(bytes, decode)
      })
    })
  }

  private decoded<A>(bytes: Uint8Array, decode: (bytes: Uint8Array) => A): Exit.Exit<A, Failure> {
    try {
      return Exit.succeed(decode(bytes))
    } catch (cause) {
      return Exit.fail(this.undecodable(cause))
    }
  }

  private failed(cause: BodyError): Failure {
    const reason = cause._tag === "BodyTooLarge" ? "Decode" : "Transport"
    const { message: description } = cause
    const error = withoutFrames(
      () => new ServerError.RequestError({ request: this, reason, description, cause })
    )
    // Platform's default response would be 400, which blames the client. The status is 413 for a body that is
    // too large, and 500 for a body that other code of the server has already read.
    return cause._tag === "BodyTooLarge" || cause._tag === "BodyAlreadyRead"
      ? Object.assign(error, respondWith(cause.status))
      : error
  }

  private undecodable(cause: unknown): Failure {
    const description = cause instanceof Error ? cause.message : String(cause)
    return withoutFrames(
      () => new ServerError.RequestError({ request: this, reason: "Decode", description, cause })
    )
  }
}

// A request is created per exchange, so the constant members are on the prototype instead of in every object.
Object.assign(ServerRequestImpl.prototype, {
  [ServerRequest.TypeId]: ServerRequest.TypeId,
  [IncomingMessage.TypeId]: IncomingMessage.TypeId
})
