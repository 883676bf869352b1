/**
 * Sends platform's `HttpServerResponse` on the connection. `wire/` encodes the head, and the body follows.
 *
 * The head and a body in memory are sent in one write. A stream is pulled only as fast as the client reads.
 * An invalid response fails before anything is sent. A failure after the head aborts the response and closes
 * the connection, so that the client never takes an incomplete body for a complete one.
 */
import * as Cookies from "@effect/platform/Cookies"
import * as ServerRequest from "@effect/platform/HttpServerRequest"
import * as ServerResponse from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpError from "../../errors/index.js"
import {
  bodyNotAllowed,
  BodyWriter,
  encodeResponseHead,
  handlerStatus,
  hasNoContent,
  trimBlanks,
  type Part,
  type Violation
} from "../../wire/index.js"
import { fromHttpBody, responderOf, type StreamBody } from "../body.js"
import { drained, Pump } from "../pump.js"
import type { ResponseTrailers } from "./responseTrailers.js"
import type { BodyError, ServerExchange } from "./exchange.js"

/** Sends the response of an exchange. Does nothing if a response has been sent or the client has left. */
export const sendResponse = (
  exchange: ServerExchange,
  response: ServerResponse.HttpServerResponse
): Effect.Effect<ServerResponse.HttpServerResponse, unknown> => {
  if (exchange.status !== undefined || exchange.aborted) return Exit.succeed(response)
  const status = handlerStatus(exchange.head.method, response.status)
  if (typeof status !== "number") return Effect.fail(HttpError.fromViolation(status))
  if (status !== response.status) return sendResponse(exchange, ServerResponse.empty({ status }))
  const body = response.body
  switch (body._tag) {
    case "Empty":
      return sendBytes(exchange, response, undefined, undefined)
    case "Uint8Array":
      return sendBytes(exchange, response, body.body, undefined)
    default:
      return sendOther(exchange, response)
  }
}

const sendOther = (
  exchange: ServerExchange,
  response: ServerResponse.HttpServerResponse
): Effect.Effect<ServerResponse.HttpServerResponse, unknown> => {
  const responder = responderOf(response)
  if (responder !== undefined)
    // A middleware may have replaced the request, for example to remove `Range`.
    return ServerRequest.HttpServerRequest.pipe(
      Effect.flatMap((request) => responder.respond(request, response)),
      Effect.flatMap((chosen) => sendResponse(exchange, chosen))
    ) as Effect.Effect<ServerResponse.HttpServerResponse, unknown>
  const body = fromHttpBody(response.body)
  switch (body._tag) {
    case "None":
      return sendBytes(exchange, response, undefined, undefined)
    case "Bytes":
      return sendBytes(exchange, response, body.bytes, body.contentType)
    case "Stream":
      return body.whole !== undefined && exchange.head.method !== "HEAD" && mayHaveBody(response.status)
        ? sendWhole(exchange, response, body, body.whole)
        : sendStream(exchange, response, body)
    case "Unsupported":
      return Effect.fail(new HttpError.UnsupportedBody({ reason: body.reason }))
  }
}

/** Returns the field lines of a response: name, value, name, value, ... */
export const fieldsOf = (
  response: ServerResponse.HttpServerResponse,
  contentType: string | undefined
): Array<string> => {
  const headers: Array<string> = []
  const record = response.headers
  for (const name in record) headers.push(name, record[name]!)
  if (contentType !== undefined && record["content-type"] === undefined)
    headers.push("content-type", contentType)
  if (!Cookies.isEmpty(response.cookies)) {
    for (const cookie of Cookies.toSetCookieHeaders(response.cookies)) headers.push("set-cookie", cookie)
  }
  return headers
}

// Platform sets `Content-Length` for every body in memory. A body with trailers is chunked and must not have
// `Content-Length` (RFC 9112 §6.2), so remove the field.
const announce = (
  trailers: ResponseTrailers,
  headers: Array<string>,
  response: ServerResponse.HttpServerResponse,
  body: number | "unknown"
): void => {
  // Names stand at even indices. A value can be the name of a field, as in `Access-Control-Expose-Headers`.
  const at = headers.findIndex((text, index) => index % 2 === 0 && text === "content-length")
  if (at >= 0 && headers[at + 1] === String(body) && response.body._tag === "Uint8Array")
    headers.splice(at, 2)
  if (trailers.announced !== "" && response.headers["trailer"] === undefined)
    headers.push("Trailer", trailers.announced)
}

// Adds the names that `Vary` does not list yet. Adds nothing to `*`, which covers all names.
const addVary = (headers: Array<string>, names: ReadonlyArray<string>): void => {
  const at = headers.findIndex((text, index) => index % 2 === 0 && text === "vary")
  if (at < 0 && names.length === 1) return void headers.push("vary", names[0]!)
  let value = at < 0 ? "" : trimBlanks(headers[at + 1]!)
  const listed = new Set(value.toLowerCase().split(",").map(trimBlanks))
  if (listed.has("*")) return
  for (const name of names) {
    if (listed.has(name.toLowerCase())) continue
    listed.add(name.toLowerCase())
    value = value === "" ? name : `${value}, ${name}`
  }
  if (at < 0) headers.push("vary", value)
  else headers[at + 1] = value
}

const headOf = (
  exchange: ServerExchange,
  response: ServerResponse.HttpServerResponse,
  body: number | "unknown",
  contentType: string | undefined,
  streamed: boolean
) => {
  const headers = fieldsOf(response, contentType)
  const { connection, head, serving, trailers, varies } = exchange
  if (varies !== undefined) addVary(headers, varies)
  if (trailers !== undefined) announce(trailers, headers, response, body)
  const { settings } = serving.server
  if (settings.rejectNonStandardBodyWrites && body !== 0 && !mayHaveBody(response.status))
    return bodyNotAllowed
  if (settings.uniqueHeaders !== undefined) joinUnique(headers, settings.uniqueHeaders)
  return encodeResponseHead({
    versionMinor: head.versionMinor === 0 ? 0 : 1,
    method: head.method,
    status: response.status,
    statusMessage: response.statusText,
    headers,
    body,
    keepAlive: connection.mayKeepAlive(exchange, streamed),
    keepAliveTimeout: settings.timeouts.keepAliveTimeout,
    keepAliveMax: settings.maxRequestsPerSocket,
    date: connection.server.date(),
    trailers: trailers !== undefined
  })
}

// Joins all values of a field that is listed in `uniqueHeaders` into the first line of this field.
const joinUnique = (headers: Array<string>, unique: ReadonlySet<string>): void => {
  const first = new Map<string, number>()
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!.toLowerCase()
    if (!unique.has(name)) continue
    const at = first.get(name)
    if (at === undefined) first.set(name, i + 1)
    else {
      headers[at] += `; ${headers[i + 1]!}`
      headers.splice(i, 2)
      i -= 2
    }
  }
}

const sendBytes = (
  exchange: ServerExchange,
  response: ServerResponse.HttpServerResponse,
  bytes: Uint8Array | undefined,
  contentType: string | undefined
): Effect.Effect<ServerResponse.HttpServerResponse, HttpError.MessageError> => {
  const length = bytes === undefined ? 0 : bytes.length
  const head = headOf(exchange, response, length, contentType, false)
  if (head._tag === "Violation") return Effect.fail(HttpError.fromViolation(head))
  const { connection } = exchange
  if (
    head.framing._tag === "None" ||
    (length === 0 && head.framing._tag !== "Chunked" && head.framing._tag !== "Length")
  ) {
    exchange.responseBegins(response, head)
    connection.write(head.head)
  } else if (head.framing._tag === "Length" && head.framing.length === length) {
    exchange.responseBegins(response, head)
    exchange.bodyOut = length
    connection.write(head.head, bytes)
  } else {
    const writer = new BodyWriter(head.framing)
    const parts: Array<string | Uint8Array> = []
    const sink = (part: string | Uint8Array) => void parts.push(part)
    const violation =
      (bytes === undefined ? undefined : writer.write(bytes, sink)) ??
      writer.end(head.framing._tag === "Chunked" ? exchange.trailers?.fields : undefined, sink)
    if (violation !== undefined) return Effect.fail(HttpError.fromViolation(violation))
    exchange.responseBegins(response, head)
    exchange.bodyOut = length
    connection.transport.cork()
    connection.write(head.head)
    for (const part of parts) connection.write(part)
    connection.transport.uncork()
  }
  connection.responseEnds(exchange)
  return Exit.succeed(response)
}

// Reads the whole body before sending the head, so that a failure of the body can still get a response with
// another status.
const sendWhole = (
  exchange: ServerExchange,
  response: ServerResponse.HttpServerResponse,
  { contentType }: StreamBody,
  whole: Effect.Effect<Uint8Array, unknown>
): Effect.Effect<ServerResponse.HttpServerResponse, unknown> =>
  Effect.matchCauseEffect(Effect.interruptible(whole), {
    onFailure: (cause) => (exchange.aborted ? Exit.succeed(response) : Effect.failCause(cause)),
    onSuccess: (bytes) =>
      exchange.aborted ? Exit.succeed(response) : sendBytes(exchange, response, bytes, contentType)
  })

const sendStream = (
  exchange: ServerExchange,
  response: ServerResponse.HttpServerResponse,
  body: StreamBody
): Effect.Effect<ServerResponse.HttpServerResponse, unknown> => {
  const { connection } = exchange
  const sending = new SendingBody(exchange, response, body)
  // Pulling the stream may read the request's body, which sends a 100. The 100 must precede our head, so pull
  // the stream first.
  const waits = connection.awaitsContinue(exchange) && mayHaveBody(response.status)
  if (!waits) {
    const violation = sending.begin()
    if (violation !== undefined) return Effect.fail(HttpError.fromViolation(violation))
    if (sending.bodiless) {
      connection.responseEnds(exchange)
      return Exit.succeed(response)
    }
  }
  return Effect.matchCauseEffect(Effect.interruptible(sending.run(body.stream)), {
    onFailure: (cause) => {
      // In an aborted exchange, the abort has interrupted the stream. In any other exchange the stream has
      // failed, possibly after the head was sent.
      if (exchange.aborted) return Exit.succeed(response)
      if (exchange.status !== undefined) exchange.cut(cause)
      return Effect.failCause(cause)
    },
    onSuccess: () => sending.end(response)
  })
}

// Whether the status allows a body (RFC 9110 §15.3.5, §15.4.5). Does not consider HEAD.
const mayHaveBody = (status: number) => !hasNoContent(status)

// Returns the trailers of a chunked response. As in Node, HTTP/1.0 responses and responses without a body get
// no trailers.
const trailersOf = (exchange: ServerExchange): ReadonlyArray<string> | undefined =>
  exchange.framing?._tag === "Chunked" ? exchange.trailers?.fields : undefined

class SendingBody extends Pump<BodyError> {
  private writer: BodyWriter | undefined = undefined

  constructor(
    private readonly exchange: ServerExchange,
    private readonly response: ServerResponse.HttpServerResponse,
    private readonly body: StreamBody
  ) {
    super(exchange.connection.transport)
  }

  /** Whether the encoded head allows no body. */
  get bodiless(): boolean {
    return this.writer?.framing._tag === "None"
  }

  begin(): Violation | undefined {
    const { body, exchange, response } = this
    const head = headOf(exchange, response, body.length ?? "unknown", body.contentType, true)
    if (head._tag === "Violation") return head
    this.writer = new BodyWriter(head.framing)
    exchange.responseBegins(response, head)
    exchange.connection.write(head.head)
    return undefined
  }

  private readonly sink = (part: Part): void => {
    this.flowing = this.exchange.connection.write(part)
  }

  protected override put(piece: Uint8Array): Violation | undefined {
    const late = this.writer === undefined ? this.begin() : undefined
    const violation = late ?? this.writer!.write(piece, this.sink)
    this.exchange.bodyOut = this.writer?.written ?? 0
    return violation
  }

  // Fails the stream of an uninterruptible handler after the client has left.
  protected override get halted(): Effect.Effect<never, BodyError> | undefined {
    const { abortedWith } = this.exchange
    return abortedWith === undefined ? undefined : Effect.fail(abortedWith)
  }

  protected override get drained(): Effect.Effect<void> {
    return drained(this.exchange.connection)
  }

  end(
    response: ServerResponse.HttpServerResponse
  ): Effect.Effect<ServerResponse.HttpServerResponse, HttpError.MessageError> {
    const { connection } = this.exchange
    if (this.exchange.aborted) return Exit.succeed(response)
    const late = this.writer === undefined ? this.begin() : undefined
    if (late !== undefined) return Effect.fail(HttpError.fromViolation(late))
    const violation = this.writer!.end(trailersOf(this.exchange), this.sink)
    if (violation !== undefined) {
      const error = HttpError.fromViolation(violation)
      this.exchange.cut(Cause.fail(error))
      return Effect.fail(error)
    }
    connection.responseEnds(this.exchange)
    return Exit.succeed(response)
  }
}
