/**
 * `socket.parser`: the engine's parser with the members of Node's parser; makes `IncomingMessage`s from its
 * events. One per connection, on servers and clients; `onIncoming` of the owner decides how a message is
 * handled.
 *
 * Never judges bytes (`wire/` does) and never sends a response.
 */
import {
  RequestParser,
  ResponseParser,
  type RequestHead,
  type ResponseHead,
  type ParserOptions
} from "@httpfx/core/wire"
import type { AsyncResource } from "node:async_hooks"
import { codedError, refusalError, type ParserError } from "../own/errors.js"
import type { HttpSocket, Incoming } from "./shapes.js"
import { nodeTimers } from "../own/timers.js"
import { setImmediate } from "../../time/realTime.js"

/** The type constants of Node's parser. */
export const REQUEST = 1
export const RESPONSE = 2

/** The maximum number of raw list entries (two per field) unless `maxHeadersCount` is set. */
const usualHeaderPairs = 2000

export type OnIncoming = (this: HttpParser, message: Incoming, keepAlive: boolean) => number | undefined

interface MessageClass {
  new (socket: HttpSocket): Incoming
}

/** The settings with which an owner initializes a parser. */
export interface ParserSetup {
  readonly type: number
  readonly socket: HttpSocket
  readonly Message: MessageClass
  readonly onIncoming: OnIncoming
  readonly options: ParserOptions
  readonly joinDuplicateHeaders: boolean | null | undefined
  /** The owner's `maxHeadersCount`: limits the fields in `headers`. */
  readonly maxHeadersCount: number | null | undefined
  /** The asynchronous context in which the owner is called. */
  readonly resource?: AsyncResource | undefined
  /** The clock of `begun`, ms. Default: that of Node's timers. */
  readonly now?: (() => number) | undefined
}

export class HttpParser {
  socket: HttpSocket | null = null
  incoming: Incoming | null = null
  outgoing: unknown = null
  maxHeaderPairs = usualHeaderPairs
  onIncoming: OnIncoming | null = null
  joinDuplicateHeaders: boolean | null | undefined = undefined
  /** Time at which the current message began, ms of `now`; -1 between messages. */
  begun = -1
  /** Whether the head of the current message has been parsed. */
  headComplete = false

  /** The head of the message that `onIncoming` gets. */
  currentHead: RequestHead | null = null

  /** Whether parsing stops after each slice of a body, until the rest is passed to `execute`. */
  stopsAfterData = false

  private type = 0
  private options: ParserOptions | undefined
  private wire: RequestParser | ResponseParser | undefined
  private Message: MessageClass | undefined
  private resource: AsyncResource | undefined
  private now: (() => number) | undefined
  /** A callback threw, so the state of the engine's parser is unknown. */
  private broken = false
  private running = false
  /** Chunks that arrived during a call, because a listener made its socket read. */
  private waiting: Array<Uint8Array> | undefined

  initialize(setup: ParserSetup): void {
    this.socket = setup.socket
    this.Message = setup.Message
    this.onIncoming = setup.onIncoming
    this.joinDuplicateHeaders = setup.joinDuplicateHeaders
    this.maxHeaderPairs =
      typeof setup.maxHeadersCount === "number" ? setup.maxHeadersCount << 1 : usualHeaderPairs
    this.resource = setup.resource
    this.now = setup.now
    this.broken = this.running = false
    this.waiting = undefined
    this.headComplete = false
    // An idle parser keeps nothing of its last connection.
    const sameKind = this.wire !== undefined && this.type === setup.type && this.options === setup.options
    this.type = setup.type
    if (sameKind && this.wire!.phase === "idle" && !this.wire!.paused) return
    this.options = setup.options
    this.wire =
      setup.type === REQUEST
        ? new RequestParser(this, setup.options)
        : new ResponseParser(this, setup.options)
  }

  /** Parses bytes of the connection. Returns how many were read; bytes after an upgrade are not. */
  execute(chunk: Uint8Array): number | ParserError {
    const { resource } = this
    return resource === undefined ? this.run(chunk) : resource.runInAsyncScope(this.run, this, chunk)
  }

  /** Calls a function in the asynchronous context of the owner. */
  inContext<A extends ReadonlyArray<unknown>>(call: (...args: A) => void, self: object, ...args: A): void {
    if (this.resource === undefined) call.apply(self, args as never)
    else this.resource.runInAsyncScope(call as never, self, ...args)
  }

  private run(chunk: Uint8Array): number | ParserError {
    const wire = this.wire
    if (wire === undefined || this.socket === null) return chunk.length
    if (this.running) {
      ;(this.waiting ??= []).push(chunk)
      return chunk.length
    }
    if (this.broken) return brokenParser(0)
    this.broken = this.running = true
    let read: number
    try {
      wire.resume()
      read = wire.execute(chunk)
      while (this.waiting !== undefined && this.waiting.length > 0 && !wire.paused) {
        const next = this.waiting.shift()!
        const taken = wire.execute(next)
        if (wire.paused && taken < next.length) this.waiting.unshift(next.subarray(taken))
      }
      // The next event needs further bytes.
      if (wire.paused && read === chunk.length && !wire.hasMoreToTell && !this.waiting?.length) wire.resume()
      this.broken = false
    } finally {
      this.running = false
    }
    const { refusal } = wire
    // Bytes after the last message of a connection begin no further message.
    const begun = refusal === undefined ? wire.inMessage : refusal.code !== "HPE_CLOSED_CONNECTION"
    if (begun && this.begun < 0) this.begins()
    return refusal === undefined ? read : refusalError(refusal)
  }

  /** Starts the time of a message: the parser is waiting for one now. */
  begins(): void {
    this.begun = this.now === undefined ? nodeTimers.now() : this.now()
  }

  /** Reports the end of the connection's bytes. Returns an error if a message is incomplete. */
  finish(): ParserError | undefined {
    const { resource } = this
    return resource === undefined ? this.runFinish() : resource.runInAsyncScope(this.runFinish, this)
  }

  private runFinish(): ParserError | undefined {
    const wire = this.wire
    if (wire === undefined || this.socket === null || this.broken || wire.refusal !== undefined)
      return undefined
    const refusal = wire.finish()
    if (refusal === undefined) return undefined
    const error = refusalError(refusal)
    // Node names the reason in the message only for errors in received bytes.
    error.message = "Parse Error"
    return error
  }

  // Node's parser can read from a handle; ours is fed by the owner of the socket.
  consume(): void {}
  unconsume(): void {}
  pause(): void {}
  resume(): void {}
  getCurrentBuffer(): Uint8Array | undefined {
    return undefined
  }
  remove(): void {}
  close(): void {}
  free(): void {}

  /** Whether it stopped after a slice of a body and has more events to deliver. */
  get hasStopped(): boolean {
    return this.wire?.paused === true
  }

  get isRunning(): boolean {
    return this.running
  }

  /** Drops every reference to the connection. */
  release(): void {
    this.socket = null
    this.incoming = null
    this.outgoing = null
    this.onIncoming = null
    this.currentHead = null
    if (this.broken) this.wire = undefined
    this.Message = undefined
    this.resource?.emitDestroy()
    this.resource = undefined
    this.now = undefined
    this.begun = -1
    this.headComplete = false
    this.stopsAfterData = false
    this.maxHeaderPairs = usualHeaderPairs
  }

  // Called by the engine's parser.
  head(head: RequestHead & ResponseHead): number {
    const socket = this.socket
    const Message = this.Message
    if (socket === null || Message === undefined) return 0
    const message = new Message(socket)
    this.incoming = message
    this.headComplete = true
    message.httpVersionMajor = head.versionMajor
    message.httpVersionMinor = head.versionMinor
    message.httpVersion =
      head.versionMajor === 1 && head.versionMinor === 1 ? "1.1" : `${head.versionMajor}.${head.versionMinor}`
    message.joinDuplicateHeaders = this.joinDuplicateHeaders
    message.upgrade = head.upgrade
    const raw = head.rawHeaders as Array<string>
    const max = this.maxHeaderPairs
    const kept = max > 0 && raw.length > max ? raw.slice(0, max) : raw
    message._addHeaderLines(kept, kept.length)
    if (this.type === REQUEST) {
      message.url = head.target
      message.method = head.method
    } else {
      message.statusCode = head.status
      message.statusMessage = head.statusMessage
    }
    this.currentHead = head
    return this.onIncoming?.(message, head.keepAlive) ?? 0
  }

  data(slice: Uint8Array): void {
    if (this.stopsAfterData) this.wire?.pause()
    const message = this.incoming
    if (message === null || message._dumped) return
    if (!message.push(slice)) this.socket?.pause()
  }

  complete(trailers: ReadonlyArray<string>): void {
    this.begun = -1
    this.headComplete = false
    // An idle connection keeps no text of its last head.
    this.currentHead = null
    const message = this.incoming
    if (message !== null) {
      message.complete = true
      if (trailers.length > 0) message._addHeaderLines(trailers as Array<string>, trailers.length)
      message.push(null)
    }
    readOn(this.socket)
  }
}

const brokenParser = (bytesParsed: number): ParserError => {
  const error = codedError("HPE_USER", "Parse Error: A listener threw") as unknown as ParserError
  error.reason = "A listener threw"
  error.bytesParsed = bytesParsed
  return error
}

/** Resumes reading, unless the owner paused the socket. */
export const readOn = (socket: HttpSocket | null): void => {
  if (socket !== null && socket._paused !== true && socket.readable) socket.resume()
}

const closeParser = (parser: HttpParser): void => parser.close()

const idle: Array<HttpParser> = []
let maxIdle = 1000

/** `http.setMaxIdleHTTPParsers`. */
export const setMaxIdle = (max: number): void => {
  maxIdle = max
  if (idle.length > max) idle.length = max
}

export const takeParser = (): HttpParser => idle.pop() ?? new HttpParser()

/** Returns the parser of a closing connection to the free list. */
export const freeParser = (
  parser: HttpParser | null | undefined,
  message: { parser?: unknown } | null,
  socket: HttpSocket | null
): void => {
  if (parser) {
    const running = parser.isRunning
    parser.release()
    // A parser inside its own `execute` finds nothing more to do, and is not reused meanwhile.
    if (!running && idle.length < maxIdle) {
      idle.push(parser)
      parser.free()
    } else {
      setImmediate(closeParser, parser)
    }
  }
  if (message) message.parser = null
  if (socket) socket.parser = null
}
