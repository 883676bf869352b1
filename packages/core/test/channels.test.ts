// Pins the error types of public effects and the requirements of handlers, because both are part of the API.
// Only the compiler checks this file (`npm run lint`).
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import type { ServeError } from "@effect/platform/HttpServerError"
import type { HttpServerRequest } from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expectTypeOf, it } from "vitest"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import {
  Exchange,
  type Agent,
  type Client,
  type Retry,
  type ServerClientError,
  type Server,
  type ServerTimeouts
} from "@httpfx/core"

type Failure<E> = E extends Effect.Effect<unknown, infer Error, infer _> ? Error : never
type Tag<E> = E extends { readonly _tag: infer Name } ? Name : never
type Tags<E> = Tag<Failure<E>>
type Result<F> = F extends (...args: never) => infer Value ? Value : never
type Requires<E> = E extends Effect.Effect<unknown, unknown, infer R> ? R : never

type Connection =
  | "BrokenPipe"
  | "ConnectionFailed"
  | "ConnectionRefused"
  | "ConnectionReset"
  | "ConnectionTimedOut"
  | "HangUp"
  | "TlsFailure"
  | "Unreachable"
type Informational =
  | "FieldConflict"
  | "HeadersSent"
  | "InvalidCharacter"
  | "InvalidHeaderValue"
  | "InvalidStatusCode"
  | "InvalidToken"
/** Errors of a request: mistakes of the caller, and faults of the server. */
type Message =
  | "BodyNotAllowed"
  | "ContentLengthMismatch"
  | "FieldConflict"
  | "InvalidCharacter"
  | "InvalidHeaderValue"
  | "InvalidProtocol"
  | "InvalidToken"
  | "OutOfOrder"
  | "TrailerInvalid"
  | "UnescapedCharacters"
  | "UpgradeNotAsked"
type Body = Connection | "BodyAlreadyRead" | "BodyTooLarge" | "ParseError" | "PeerStalled" | "RequestTimeout"
type Trailer =
  | "HeadersSent"
  | "InvalidCharacter"
  | "InvalidHeaderValue"
  | "InvalidToken"
  | "TrailerInvalid"
  | "WriteAfterEnd"

describe("The error channel of", () => {
  it("accessors of the exchange is empty", () => {
    type Reads =
      | typeof Exchange.exchange
      | typeof Exchange.rawHeaders
      | typeof Exchange.headersDistinct
      | typeof Exchange.connection
    expectTypeOf<Failure<Reads>>().toEqualTypeOf<never>()
    expectTypeOf<Tags<Result<typeof Exchange.setTimeouts>>>().toEqualTypeOf<"InvalidOption">()
  })

  it("informational responses", () => {
    expectTypeOf<Tags<typeof Exchange.continue>>().toEqualTypeOf<"HeadersSent">()
    expectTypeOf<Tags<typeof Exchange.processing>>().toEqualTypeOf<"HeadersSent">()
    expectTypeOf<Tags<Result<typeof Exchange.informational>>>().toEqualTypeOf<Informational>()
    expectTypeOf<Tags<Result<typeof Exchange.earlyHints>>>().toEqualTypeOf<Informational | "InvalidLink">()
  })

  it("trailers, of requests and responses", () => {
    expectTypeOf<Tags<typeof Exchange.trailers>>().toEqualTypeOf<Body>()
    expectTypeOf<Tags<Result<typeof Exchange.announceTrailers>>>().toEqualTypeOf<Trailer>()
    expectTypeOf<Tags<Result<typeof Exchange.addTrailers>>>().toEqualTypeOf<Trailer>()
  })

  it("an upgrade", () => {
    expectTypeOf<Tags<Result<typeof Exchange.upgrade>>>().toEqualTypeOf<
      Informational | Body | "OutOfOrder" | "UpgradeNotAsked"
    >()
  })

  it("servers", () => {
    expectTypeOf<Failure<Result<typeof Server.make>>>().toEqualTypeOf<ServeError>()
    expectTypeOf<Layer.Layer.Error<Result<typeof Server.layer>>>().toEqualTypeOf<ServeError>()
    expectTypeOf<Layer.Layer.Error<Result<typeof Server.layerConfig>>>().toEqualTypeOf<
      ServeError | ConfigError
    >()
    type Own = Server.Service
    type Never =
      | Own["shutdown"]
      | Own["lameDuck"]
      | Own["awaitDrain"]
      | Own["connections"]
      | Own["closeIdleConnections"]
      | Own["closeAllConnections"]
      | Result<Own["observe"]>
    expectTypeOf<Failure<Never>>().toEqualTypeOf<never>()
    expectTypeOf<Tags<Result<Own["reloadTls"]>>>().toEqualTypeOf<"TlsFailure">()
    expectTypeOf<Tags<Result<typeof ServerTimeouts.make>>>().toEqualTypeOf<"InvalidOption">()
  })

  it("clients' errors and their handlers", () => {
    expectTypeOf<Tag<ServerClientError.ServerClientError["error"]>>().toEqualTypeOf<
      Connection | "ParseError" | "RequestTimeout"
    >()
    expectTypeOf<Tags<ServerClientError.ServerClientError["socket"]>>().toEqualTypeOf<"BrokenPipe">()
    expectTypeOf<Failure<Result<ServerClientError.Handler>>>().toEqualTypeOf<never>()
  })

  it("a client", () => {
    expectTypeOf<Tag<Client.RequestError>>().toEqualTypeOf<
      | Connection
      | Message
      | "AttemptTimedOut"
      | "BodyNotReplayable"
      | "BodyTimedOut"
      | "ConnectTimedOut"
      | "DecodedTooLarge"
      | "HeadTimedOut"
      | "InvalidContent"
      | "InvalidOption"
      | "InvalidRedirect"
      | "InvalidUrl"
      | "NameNotResolved"
      | "ParseError"
      | "ProxyAuthenticationRequired"
      | "ProxyRefused"
      | "QueueTimedOut"
      | "RedirectLoop"
      | "RequestTimedOut"
      | "ResolveTimedOut"
      | "SecureTimedOut"
      | "SendTimedOut"
      | "TooManyCodings"
      | "TooManyRedirects"
    >()
    expectTypeOf<Tag<Client.BodyError>>().toEqualTypeOf<
      | Connection
      | "AttemptTimedOut"
      | "BodyTimedOut"
      | "DecodedTooLarge"
      | "InvalidContent"
      | "ParseError"
      | "RequestTimedOut"
    >()
    expectTypeOf<Failure<Client.Response["text"]>>().toEqualTypeOf<Client.BodyError>()
    expectTypeOf<Tags<Result<typeof Client.make>>>().toEqualTypeOf<"InvalidOption">()
    expectTypeOf<Layer.Layer.Error<typeof Client.layer>>().toBeNever()
    expectTypeOf<Tag<Layer.Layer.Error<Result<typeof Client.layerWith>>>>().toEqualTypeOf<"InvalidOption">()
    expectTypeOf<Tag<Layer.Layer.Error<Result<typeof Client.layerAgent>>>>().toEqualTypeOf<"InvalidOption">()
    expectTypeOf<Tag<Layer.Layer.Error<Result<typeof Client.layerConfig>>>>().toEqualTypeOf<
      "InvalidOption" | "ConfigError"
    >()
    expectTypeOf<Tags<Result<typeof Client.fromAgent>>>().toEqualTypeOf<"InvalidOption">()
    expectTypeOf<Tags<Result<typeof Retry.make>>>().toEqualTypeOf<"InvalidOption">()
    expectTypeOf<Tags<Result<typeof Agent.make>>>().toEqualTypeOf<"InvalidOption">()
    expectTypeOf<Tag<Layer.Layer.Error<Result<typeof Agent.layer>>>>().toEqualTypeOf<"InvalidOption">()
  })
})

describe("A handler that uses the exchange", () => {
  const handler = Effect.gen(function* () {
    const exchange = yield* Exchange.exchange
    yield* Exchange.setTimeouts({ requestTimeout: "1 hour" })
    yield* Exchange.processing
    yield* Exchange.addTrailers({ "X-Sum": "1" })
    return HttpServerResponse.text(exchange.httpVersion)
  })

  it("requires platform's request and nothing else", () => {
    expectTypeOf<Requires<typeof handler>>().toEqualTypeOf<HttpServerRequest>()
    type All =
      | typeof Exchange.trailers
      | typeof Exchange.continue
      | Result<typeof Exchange.earlyHints>
      | Result<typeof Exchange.informational>
      | Result<typeof Exchange.announceTrailers>
      | Result<typeof Exchange.upgrade>
    expectTypeOf<Requires<All>>().toEqualTypeOf<HttpServerRequest>()
  })

  it("is served by HttpServer.serve and HttpRouter as any other", () => {
    const served = HttpServer.serve(handler)
    expectTypeOf(served).toEqualTypeOf<Layer.Layer<never, never, HttpServer.HttpServer>>()
    const router = HttpRouter.empty.pipe(HttpRouter.get("/", handler), HttpRouter.post("/", handler))
    const routed = HttpServer.serve(router)
    expectTypeOf(routed).toEqualTypeOf<Layer.Layer<never, never, HttpServer.HttpServer>>()
  })
})
