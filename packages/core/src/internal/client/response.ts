/**
 * A response as it arrives: its head, and a body that is read once.
 *
 * Tells its exchange when somebody reads it, so that a body that is left unread ends. It never holds a
 * connection whose response is complete: what has arrived stays here, the connection is free.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import type { Socket } from "../../Socket.js"
import type { Address, TlsFacts } from "../../Transport.js"
import { FieldViews, type FoldedFields, type ResponseHead } from "../../wire/index.js"
import type { Exchange } from "../../connection/client/exchange.js"
import type { Incoming } from "../../connection/client/ports.js"
import type { GivenUp, ResponseLoss } from "../../model/loss.js"
import { bodyError, type BodyError } from "./error.js"
import { IncomingBody, streamOf } from "../incomingBody.js"

/**
 * A response: its head has come, its body comes while it is read.
 *
 * Beyond 64 KiB unread the server is held back. A body that is complete within them frees its connection at
 * once, read or not; one that is not is given up when nobody reads for the client's `unreadTimeout`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Response {
  /** The status code, 200 to 599 (RFC 9110 §15). */
  readonly status: number
  /** The reason phrase as received; may be empty. */
  readonly statusMessage: string
  /** 0 or 1: the version is HTTP/1.x. */
  readonly versionMinor: number
  /** Flat: name, value, name, value, ... as received. */
  readonly rawHeaders: ReadonlyArray<string>
  /** `1.1` or `1.0`. */
  readonly httpVersion: string
  /**
   * Folded as Node's `message.headers`: lower-case names, repeated fields joined or, where only one makes
   * sense, the first; `set-cookie` an array.
   */
  readonly headers: FoldedFields
  /** The first field of that name, in any case. */
  header(name: string): string | undefined
  /** The server's end of the connection. */
  readonly remote: Address | undefined
  /** The connection's TLS, with the server's certificate. */
  readonly tls: TlsFacts | undefined
  /** The connection had served a request before. */
  readonly reused: boolean
  /** How often the request was sent again, because its reused connection had died. */
  readonly resent: number
  /** The body has arrived in full. */
  readonly complete: boolean
  /** The body, once. Giving the stream up before its end closes the connection. */
  readonly body: Stream.Stream<Uint8Array, BodyError>
  /** The whole body; may be asked for again. Interrupting the last who wait for it closes the connection. */
  readonly bytes: Effect.Effect<Uint8Array, BodyError>
  /** The whole body as UTF-8. */
  readonly text: Effect.Effect<string, BodyError>
  /** Fields after a chunked body, flat; empty until it is `complete`. */
  readonly rawTrailers: ReadonlyArray<string>
  /**
   * Gives up what has not come of the body, and its connection with it; one that is `complete` costs nothing.
   */
  readonly discard: Effect.Effect<void>
}

/**
 * What became of a request to switch protocols.
 *
 * - `Switched`: 101, or 2xx to `CONNECT`. `socket` reads first what came behind the head; the end of the
 *   scope resets it.
 * - `Answered`: the server answered in HTTP instead.
 *
 * `response` is the head that the server answered with, and the body where it `Answered`.
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

/** What a response asks of its exchange. */
interface Answered extends Exchange {
  readonly request: Exchange["request"] & { readonly joinDuplicateHeaders: boolean }
}

export class IncomingResponse implements Response, Incoming {
  readonly status: number

  private views: FieldViews | undefined = undefined
  private readonly incoming: IncomingBody<ResponseLoss, BodyError>
  private reader: "none" | "stream" | "bytes" = "none"
  /** How many wait for the whole. */
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

  /** The whole body is at hand. */
  get readable(): boolean {
    return this.complete && this.reader !== "stream"
  }

  get rawTrailers(): ReadonlyArray<string> {
    return this.incoming.rawTrailers
  }

  /** Fields of which Node keeps only the first are joined too. */
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

  // ---- what the connection tells

  push(slice: Uint8Array): void {
    this.incoming.push(slice)
  }

  end(rawTrailers: ReadonlyArray<string>): void {
    this.incoming.end(rawTrailers)
  }

  fail(loss: ResponseLoss): void {
    this.incoming.fail(loss)
  }

  // ---- what a reader does

  get bytes(): Effect.Effect<Uint8Array, BodyError> {
    return Effect.suspend(() => this.wholeNow() ?? this.wholeLater())
  }

  get text(): Effect.Effect<string, BodyError> {
    return Effect.suspend(() => {
      const whole = this.wholeNow()
      return whole === undefined ? Effect.map(this.wholeLater(), decode) : Exit.map(whole, decode)
    })
  }

  /** The whole body, where nothing of it is to come any more. */
  private wholeNow(): Exit.Exit<Uint8Array, BodyError> | undefined {
    if (this.reader === "stream") return Exit.fail(bodyError(alreadyRead()))
    this.reader = "bytes"
    return this.exchange.over ? this.incoming.wholeNow(undefined, alreadyRead) : undefined
  }

  private wholeLater(): Effect.Effect<Uint8Array, BodyError> {
    const whole = this.incoming.bytes(undefined, alreadyRead)
    // From here on no time runs for a body without a reader, so nothing may come between this and the end of
    // the wait.
    return Effect.uninterruptibleMask((restore) => {
      this.exchange.readerActive()
      this.readers++
      return Effect.onExit(restore(whole), (exit) => this.wholeRead(exit))
    })
  }

  // With the last of those who wait for the whole, the connection goes.
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

  /** Nobody wants the rest; where there is none, the connection is free already. */
  get discard(): Effect.Effect<void> {
    return Effect.sync(() => {
      if (!this.exchange.over) this.exchange.abandon("it is not wanted")
    })
  }
}

const decode = (bytes: Uint8Array): string => decoder.decode(bytes)
