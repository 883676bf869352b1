/**
 * Parses a recording as HTTP into pieces (the recorded bytes with their kinds), messages and exchanges.
 *
 * Core's parsers parse both directions with every leniency flag, because a wiretap must also show messages
 * that a server or client would refuse. Bytes that are not HTTP (after an upgrade or a parse error) become
 * `raw` pieces.
 */
import {
  Body,
  everyFlag,
  RequestParser,
  ResponseParser,
  type Refusal,
  type RequestHead,
  type ResponseHead
} from "@httpfx/core/wire"
import { bytesOf } from "./wireText.js"
import type { Recording, Side } from "./transport.js"

/**
 * A recorded message. `begun` and `ended` are the times of the message's first and last byte at the recorded
 * end, in milliseconds since the epoch.
 *
 * @since 0.1.0
 * @category models
 */
export interface Message<H> {
  /** The parsed head. */
  readonly head: H
  /** The content without chunk framing. Content codings are left undecoded. */
  readonly body: Uint8Array
  /** The trailer fields as a flat list: name, value, name, value, ... */
  readonly rawTrailers: ReadonlyArray<string>
  /** Whether the end of the message was recorded. */
  readonly complete: boolean
  readonly begun: number
  readonly ended: number
  /** Number of bytes of the head on the wire. */
  readonly headBytes: number
  /** Number of bytes of body, framing and trailers on the wire. */
  readonly bodyBytes: number
}

/**
 * A request with its responses. `request` is `undefined` if a server sent a response that has no request.
 *
 * @since 0.1.0
 * @category models
 */
export interface Exchange {
  /** The recording that contains the exchange. */
  readonly connection: Recording
  /** The request. */
  readonly request: Message<RequestHead> | undefined
  /** The informational (1xx) responses, in order. */
  readonly informational: ReadonlyArray<Message<ResponseHead>>
  /** The final response. `undefined` if no final response was recorded. */
  readonly response: Message<ResponseHead> | undefined
}

/**
 * Adjacent bytes of one kind. The kind `framing` means chunk framing and trailers. The kind `raw` means bytes
 * that are not HTTP.
 *
 * @since 0.1.0
 * @category models
 */
export interface Piece {
  /** Time of the bytes, in milliseconds since the epoch. */
  readonly at: number
  /** Index, in `Recording.events`, of the event that contains the bytes. */
  readonly event: number
  /** The end that sent the bytes. */
  readonly from: Side
  /** The part of a message to which the bytes belong. */
  readonly kind: "head" | "framing" | "body" | "raw"
  /** The recorded bytes. */
  readonly bytes: Uint8Array
}

/**
 * A recording that was parsed as HTTP.
 *
 * @since 0.1.0
 * @category models
 */
export interface Parsed {
  /** All recorded bytes, in order. */
  readonly pieces: ReadonlyArray<Piece>
  /** The exchanges, in the order of their requests. */
  readonly exchanges: ReadonlyArray<Exchange>
  /**
   * Parse errors. After a parse error, the bytes of the same direction are `raw`. `refusal` is the error.
   * `from` is the sender of the bytes that caused the error, and `event` is the index of their event.
   */
  readonly refusals: ReadonlyArray<{
    readonly event: number
    readonly from: Side
    readonly refusal: Refusal
  }>
}

interface Draft<H> {
  head: H
  chunks: Array<Uint8Array>
  rawTrailers: ReadonlyArray<string>
  complete: boolean
  begun: number
  ended: number
  headBytes: number
  bodyBytes: number
}
interface DraftExchange {
  connection: Recording
  request: Draft<RequestHead> | undefined
  informational: Array<Draft<ResponseHead>>
  response: Draft<ResponseHead> | undefined
}

const huge = 0x7fffffff
const lenient = {
  flags: everyFlag,
  limits: { maxHeaderSize: huge, maxTrailerSize: huge, maxChunkExtensionsSize: huge }
}

const join = (chunks: ReadonlyArray<Uint8Array>): Uint8Array => {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return bytes
}

/**
 * Parses one direction. The parser is paused at every event, so the bytes parsed since the previous event
 * belong to the new event.
 */
abstract class Direction<H> {
  draft: Draft<H> | undefined
  /** Bytes after an upgrade request. They are kept until the response decides whether they are HTTP. */
  held: Array<{ readonly at: number; readonly event: number; readonly bytes: Uint8Array }> | undefined
  raw = false
  private slice: Uint8Array | undefined
  private headed = false
  private begun: number | undefined
  private headBytes = 0
  private at = 0
  private event = 0
  abstract readonly parser: RequestParser | ResponseParser

  constructor(
    readonly from: Side,
    private readonly pieces: Array<Piece>,
    private readonly refused: (from: Side, event: number, refusal: Refusal) => void
  ) {}

  feed(at: number, event: number, bytes: Uint8Array): void {
    let offset = 0
    this.at = at
    this.event = event
    while (offset < bytes.length || this.parser.paused) {
      if (this.held !== undefined) {
        if (offset < bytes.length) this.held.push({ at, event, bytes: bytes.subarray(offset) })
        return
      }
      if (this.raw || this.parser.stopped || this.parser.refusal !== undefined) {
        if (offset < bytes.length) this.piece("raw", bytes.subarray(offset))
        return
      }
      this.parser.resume()
      if (offset < bytes.length) this.begun ??= at
      const taken = this.parser.execute(bytes.subarray(offset))
      this.took(bytes.subarray(offset, offset + taken))
      offset += taken
      const { refusal } = this.parser
      if (refusal !== undefined) this.refused(this.from, event, refusal)
    }
  }

  /** Continues with the kept bytes, as HTTP or as raw bytes. */
  release(raw: boolean): void {
    const held = this.held ?? []
    this.held = undefined
    this.raw ||= raw
    for (const { at, bytes, event } of held) this.feed(at, event, bytes)
  }

  end(at: number, event: number): void {
    this.at = at
    this.event = event
    if (this.raw || this.held !== undefined) return
    this.parser.resume()
    const refusal = this.parser.finish()
    if (refusal !== undefined) this.refused(this.from, event, refusal)
  }

  protected begin(head: H): Draft<H> {
    this.headed = true
    this.parser.pause()
    this.draft = {
      head,
      chunks: [],
      rawTrailers: [],
      complete: false,
      begun: this.begun ?? this.at,
      ended: this.at,
      headBytes: 0,
      bodyBytes: 0
    }
    return this.draft
  }

  protected data(slice: Uint8Array): void {
    this.slice = slice
    this.draft?.chunks.push(slice)
    this.parser.pause()
  }

  protected completed(rawTrailers: ReadonlyArray<string>): void {
    this.begun = undefined
    if (this.draft !== undefined) {
      this.draft.rawTrailers = rawTrailers
      this.draft.complete = true
      this.draft.ended = this.at
    }
    this.parser.pause()
  }

  private took(bytes: Uint8Array): void {
    const { draft, slice } = this
    this.slice = undefined
    if (draft !== undefined) draft.ended = Math.max(draft.ended, draft.complete ? 0 : this.at)
    if (this.headed || this.parser.phase === "head") {
      this.headBytes += bytes.length
      this.piece("head", bytes)
      if (this.headed && draft !== undefined) {
        draft.headBytes = this.headBytes
        this.headBytes = 0
      }
      this.headed = false
      return
    }
    if (draft !== undefined) draft.bodyBytes += bytes.length
    const framing = bytes.length - (slice?.length ?? 0)
    if (framing > 0) this.piece("framing", bytes.subarray(0, framing))
    if (slice !== undefined) this.piece("body", slice)
  }

  private piece(kind: Piece["kind"], bytes: Uint8Array): void {
    if (bytes.length > 0) this.pieces.push({ at: this.at, event: this.event, from: this.from, kind, bytes })
  }
}

class Requests extends Direction<RequestHead> {
  readonly parser = new RequestParser(
    {
      head: (head) => {
        this.onHead(this.begin(head))
        return head.method === "CONNECT" ? Body.Skip : Body.Read
      },
      data: (slice) => this.data(slice),
      complete: (trailers) => {
        const asked = this.draft?.head.upgrade === true
        this.completed(trailers)
        if (asked) this.held = []
      }
    },
    lenient
  )
  onHead: (draft: Draft<RequestHead>) => void = () => {}
}

class Responses extends Direction<ResponseHead> {
  readonly parser = new ResponseParser(
    {
      head: (head) => this.onHead(this.begin(head)),
      data: (slice) => this.data(slice),
      complete: (trailers) => this.completed(trailers)
    },
    lenient
  )
  onHead: (draft: Draft<ResponseHead>) => number = () => Body.Read
}

/**
 * Parses one recording as HTTP.
 *
 * @since 0.1.0
 * @category accessors
 */
export const parse = (connection: Recording): Parsed => {
  const pieces: Array<Piece> = []
  const refusals: Array<Parsed["refusals"][number]> = []
  const exchanges: Array<DraftExchange> = []
  const refused = (from: Side, event: number, refusal: Refusal) =>
    void refusals.push({ event, from, refusal })
  const requests = new Requests("client", pieces, refused)
  const responses = new Responses("server", pieces, refused)
  requests.onHead = (request) => {
    exchanges.push({ connection, request, informational: [], response: undefined })
  }
  responses.onHead = (draft) => {
    const { status } = draft.head
    let exchange = exchanges.find(({ response }) => response === undefined)
    if (exchange === undefined) {
      exchange = { connection, request: undefined, informational: [], response: undefined }
      exchanges.push(exchange)
    }
    if (status < 200 && status !== 101) {
      exchange.informational.push(draft)
      return Body.Read
    }
    exchange.response = draft
    const method = exchange.request?.head.method
    const switched = status === 101 || (method === "CONNECT" && status < 300)
    if (exchange.request?.head.upgrade === true) requests.release(switched)
    if (switched) return Body.Stop
    return method === "HEAD" ? Body.Skip : Body.Read
  }
  connection.events.forEach((event, index) => {
    const direction = "from" in event && event.from === "client" ? requests : responses
    if (event._tag === "Bytes") {
      direction.feed(event.at, index, typeof event.data === "string" ? bytesOf(event.data) : event.data)
    } else if (event._tag === "End") direction.end(event.at, index)
  })
  requests.release(true)
  pieces.sort((a, b) => a.event - b.event)
  const messageOf = <H>({ chunks, ...draft }: Draft<H>): Message<H> => ({ ...draft, body: join(chunks) })
  return {
    pieces,
    refusals,
    exchanges: exchanges.map(({ connection, informational, request, response }) => ({
      connection,
      request: request === undefined ? undefined : messageOf(request),
      informational: informational.map(messageOf),
      response: response === undefined ? undefined : messageOf(response)
    }))
  }
}
