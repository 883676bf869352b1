/**
 * A received response. Its body may still be arriving, and its stream can be read once.
 *
 * Tells the exchange when the body is being read, so that the exchange can abort an unread body. Keeps the
 * bytes of a complete response in memory, so that its connection is released.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import type { Socket } from "../socket.js"
import type { Address } from "../../model/address.js"
import type { TlsFacts } from "../../model/tls.js"
import { FieldViews, type FoldedFields, type ResponseHead } from "../../wire/index.js"
import type { Exchange } from "../../connection/client/exchange.js"
import type { Incoming } from "../../connection/client/ports.js"
import type { GivenUp, ResponseLoss } from "../../model/loss.js"
import type { InvalidJson } from "../../errors/content.js"
import { bodyError, type BodyError } from "./error.js"
import { decodeJson } from "./json.js"
import { IncomingBody, streamOf } from "../incomingBody.js"

/**
 * A response. Its head has arrived, and its body may still be arriving.
 *
 * Backpressure starts when 64 KiB of the body are unread. A smaller body is received completely and releases
 * its connection even if it is never read. A larger body is aborted if it is not read for the client's
 * `unreadTimeout`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Response {
  /** The status code, 200 to 599 (RFC 9110 §15). */
  readonly status: number
  /** The reason phrase as received, which may be empty. */
  readonly statusMessage: string
  /** The minor version: 0 for HTTP/1.0, 1 for HTTP/1.1. */
  readonly versionMinor: number
  /** Field lines as received: name, value, name, value, ... */
  readonly rawHeaders: ReadonlyArray<string>
  /** The version: `1.1` or `1.0`. */
  readonly httpVersion: string
  /**
   * The fields, folded like Node's `message.headers`. Names are in lower case. Repeated fields are joined, or
   * reduced to the first value if only one value is meaningful. `set-cookie` is an array.
   */
  readonly headers: FoldedFields
  /** The value of the first field with this name, case-insensitive. */
  header(name: string): string | undefined
  /** The server's address. */
  readonly remote: Address | undefined
  /** The TLS facts of the connection, including the server's certificate. `undefined` without TLS. */
  readonly tls: TlsFacts | undefined
  /** Whether the connection had served an earlier request. */
  readonly reused: boolean
  /** Number of times that the request was resent because its reused connection had closed. */
  readonly resent: number
  /** Whether the whole body has arrived. */
  readonly complete: boolean
  /** The body as a stream, which can be read once. Ending the stream early closes the connection. */
  readonly body: Stream.Stream<Uint8Array, BodyError>
  /**
   * The whole body, which can be read repeatedly. If all fibers that wait for the body are interrupted, the
   * connection closes.
   */
  readonly bytes: Effect.Effect<Uint8Array, BodyError>
  /** The whole body as UTF-8. */
  readonly text: Effect.Effect<string, BodyError>
  /**
   * The whole body as JSON; `null` if it is empty. Fails with `InvalidJson` for any other text. See also
   * `Client.schemaBodyJson`.
   */
  readonly json: Effect.Effect<unknown, BodyError | InvalidJson>
  /** Trailer lines as received (name, value, ...). The list is empty until `complete` is `true`. */
  readonly rawTrailers: ReadonlyArray<string>
  /**
   * Aborts the exchange and closes its connection if the body is incomplete. Does nothing if the body is
   * `complete`.
   */
  readonly discard: Effect.Effect<void>
}

/**
 * The result of `upgrade`, a request to switch protocols.
 *
 * - `Switched`: the server sent 101, or 2xx to `CONNECT`. `socket` first reads the bytes that followed the
 *   head. Closing the scope resets the connection.
 * - `Answered`: the server sent another response and did not switch protocols.
 *
 * `response` has the head of the response. In an `Answered`, it also has the body.
 *
 * @since 0.1.0
 * @category models
 */
export type Upgrade =
  | { readonly _tag: "Switched"; readonly response: Response; readonly socket: Socket }
  | { readonly _tag: "Answered"; readonly response: Response }

const decoder = new TextDecoder()

const alreadyRead = (): GivenUp => ({
  _tag: "GivenUp",
  code: "ERR_HTTPFX_BODY_READ",
  reason: "the body of this response has been read as a stream",
  phase: "body"
})

/** The members of an exchange that its response uses. */
interface Answered extends Exchange {
  readonly request: Exchange["request"] & { readonly joinDuplicateHeaders: boolean }
}

export class IncomingResponse implements Response, Incoming {
  readonly status: number

  private views: FieldViews | undefined = undefined
  private readonly incoming: IncomingBody<ResponseLoss, BodyError>
  private reader: "none" | "stream" | "bytes" = "none"
  /** Number of fibers waiting for the whole body. */
  private readers = 0

  constructor(
    readonly head: ResponseHead,
    private readonly exchange: Answered
  ) {
    this.status = head.status
    this.incoming = new IncomingBody(exchange, bodyError)
  }

  get statusMessage(): string {
    return this.head.statusMessage
  }

  get versionMinor(): number {
    return this.head.versionMinor
  }

  get rawHeaders(): ReadonlyArray<string> {
    return this.head.rawHeaders
  }

  get remote(): Address | undefined {
    return this.exchange.remote
  }

  get tls(): TlsFacts | undefined {
    return this.exchange.tls
  }

  get reused(): boolean {
    return this.exchange.reused
  }

  get resent(): number {
    return this.exchange.resent
  }

  get complete(): boolean {
    return this.incoming.ended
  }

  /** Whether the whole body is in memory. */
  get readable(): boolean {
    return this.complete && this.reader !== "stream"
  }

  get rawTrailers(): ReadonlyArray<string> {
    return this.incoming.rawTrailers
  }

  /** Whether repeated fields are joined even where Node keeps only the first value. */
  get joinDuplicateHeaders(): boolean {
    return this.exchange.request.joinDuplicateHeaders
  }

  get httpVersion(): string {
    return `1.${this.head.versionMinor}`
  }

  get headers(): FoldedFields {
    return this.fields.folded
  }

  private get fields(): FieldViews {
    const { joinDuplicateHeaders, rawHeaders } = this
    return (this.views ??= new FieldViews(rawHeaders, { joinDuplicateHeaders }))
  }

  header(name: string): string | undefined {
    return this.head.get(name.toLowerCase())
  }

  // ---- members that the connection calls

  get received(): number {
    return this.incoming.received
  }

  push(slice: Uint8Array): void {
    this.incoming.push(slice)
  }

  end(rawTrailers: ReadonlyArray<string>): void {
    this.incoming.end(rawTrailers)
  }

  fail(loss: ResponseLoss): void {
    this.incoming.fail(loss)
  }

  // ---- members that readers call

  get bytes(): Effect.Effect<Uint8Array, BodyError> {
    return Effect.suspend(() => this.wholeNow() ?? this.wholeLater())
  }

  get text(): Effect.Effect<string, BodyError> {
    return Effect.suspend(() => {
      const whole = this.wholeNow()
      return whole === undefined ? Effect.map(this.wholeLater(), decode) : Exit.map(whole, decode)
    })
  }

  get json(): Effect.Effect<unknown, BodyError | InvalidJson> {
    return decodeJson(this.text)
  }

  /** Returns the whole body if the exchange has ended. Returns `undefined` if the body is still arriving. */
  private wholeNow(): Exit.Exit<Uint8Array, BodyError> | undefined {
    if (this.reader === "stream") return Exit.fail(bodyError(alreadyRead()))
    this.reader = "bytes"
    return this.exchange.over ? this.incoming.wholeNow(undefined, alreadyRead) : undefined
  }

  private wholeLater(): Effect.Effect<Uint8Array, BodyError> {
    const whole = this.incoming.bytes(undefined, alreadyRead)
    // `readerActive` stops the unread timeout. An interruption before `onExit` would leave the timeout
    // stopped forever.
    return Effect.uninterruptibleMask((restore) => {
      this.exchange.readerActive()
      this.readers++
      return Effect.onExit(restore(whole), (exit) => this.wholeRead(exit))
    })
  }

  // Interrupting the last reader of the whole body closes the connection.
  private wholeRead(exit: Exit.Exit<Uint8Array, BodyError>): Effect.Effect<void> {
    this.readers--
    if (this.readers === 0 && Exit.isInterrupted(exit)) this.exchange.abandon("its reader left")
    return Effect.void
  }

  get body(): Stream.Stream<Uint8Array, BodyError> {
    return Stream.suspend(() => {
      if (this.reader === "bytes") return Stream.fromEffect(this.bytes)
      if (this.reader === "stream") return Stream.fail(bodyError(alreadyRead()))
      this.reader = "stream"
      return Stream.ensuring(
        streamOf(this.pull()),
        Effect.sync(() => this.leave())
      )
    })
  }

  private pull(): Effect.Effect<ReadonlyArray<Uint8Array> | void, BodyError> {
    const { read } = this.incoming
    return Effect.suspend(() => {
      this.exchange.readerActive()
      return Effect.map(read, (slices) => {
        if (slices !== undefined) this.exchange.readerIdle()
        return slices
      })
    })
  }

  private leave(): void {
    if (this.exchange.over) this.incoming.discard(alreadyRead)
    else this.exchange.abandon("its reader left")
  }

  /**
   * Aborts the exchange if its body is incomplete. If the body is complete, the connection is already
   * released.
   */
  get discard(): Effect.Effect<void> {
    return Effect.sync(() => {
      if (!this.exchange.over) this.exchange.abandon("its body was discarded")
    })
  }
}

const decode = (bytes: Uint8Array): string => decoder.decode(bytes)
