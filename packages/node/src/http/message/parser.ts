/**
 * Wraps core's parser (`wire/`) in an object with the members of Node's `socket.parser`. The object makes an
 * `IncomingMessage` from the events of each message. Every connection of a server or client has its own
 * parser. The connection's `onIncoming` decides how a message is handled.
 *
 * Never decides whether bytes are valid, because `wire/` decides that. Never sends a response.
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

/** The types of Node's parser, for requests and for responses. */
export const REQUEST = 1
export const RESPONSE = 2

/**
 * Default maximum length of the raw list of fields. A field has two entries in the list. `maxHeadersCount`
 * replaces the default.
 */
const usualHeaderPairs = 2000

export type OnIncoming = (this: HttpParser, message: Incoming, keepAlive: boolean) => number | undefined

interface MessageClass {
  new (socket: HttpSocket): Incoming
}

/** The settings with which a connection initializes its parser. */
export interface ParserSetup {
  readonly type: number
  readonly socket: HttpSocket
  readonly Message: MessageClass
  readonly onIncoming: OnIncoming
  readonly options: ParserOptions
  readonly joinDuplicateHeaders: boolean | null | undefined
  /** `maxHeadersCount` of the server or request: the maximum number of fields in `headers`. */
  readonly maxHeadersCount: number | null | undefined
  /** The asynchronous context for calls of `onIncoming` and of the listeners. */
  readonly resource?: AsyncResource | undefined
  /** Returns the time that is stored in `begun`, ms. Default: the clock of Node's timers. */
  readonly now?: (() => number) | undefined
}

export class HttpParser {
  socket: HttpSocket | null = null
  incoming: Incoming | null = null
  outgoing: unknown = null
  maxHeaderPairs = usualHeaderPairs
  onIncoming: OnIncoming | null = null
  joinDuplicateHeaders: boolean | null | undefined = undefined
  /** Time at which the current message began, by the clock `now`, ms. The value is -1 between messages. */
  begun = -1
  /** Whether the head of the current message has been parsed. */
  headComplete = false

  /** The head of the message for which `onIncoming` was called. Removed when the message is complete. */
  currentHead: RequestHead | null = null

  /**
   * Whether `execute` returns after each slice of a body. If `true`, the caller must pass the remaining bytes
   * in a later call.
   */
  stopsAfterData = false

  private type = 0
  private options: ParserOptions | undefined
  private wire: RequestParser | ResponseParser | undefined
  private Message: MessageClass | undefined
  private resource: AsyncResource | undefined
  private now: (() => number) | undefined
  /**
   * Whether a callback threw during `execute`; also `true` while `execute` runs. After a throw the state of
   * core's parser is unknown, so that parser is not used again.
   */
  private broken = false
  private running = false
  /** Chunks that arrived while `execute` was running, because a listener made the socket read. */
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
    // Between messages, core's parser has no state of its last connection. Reuse that parser if the options
    // are equal.
    const sameKind = this.wire !== undefined && this.type === setup.type && this.options === setup.options
    this.type = setup.type
    if (sameKind && this.wire!.phase === "idle" && !this.wire!.paused) return
    this.options = setup.options
    this.wire =
      setup.type === REQUEST
        ? new RequestParser(this, setup.options)
        : new ResponseParser(this, setup.options)
  }

  /**
   * Parses bytes of the connection. Returns the number of parsed bytes, or an error. Bytes after an upgrade
   * are neither parsed nor counted.
   */
  execute(chunk: Uint8Array): number | ParserError {
    const { resource } = this
    return resource === undefined ? this.run(chunk) : resource.runInAsyncScope(this.run, this, chunk)
  }

  /** Calls a function in the asynchronous context of the connection. */
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
      // All bytes are parsed and all events reported, so the caller need not call `execute` again. End the
      // pause of the parser.
      if (wire.paused && read === chunk.length && !wire.hasMoreToTell && !this.waiting?.length) wire.resume()
      // Release the state of core's parser, so that an idle connection does not keep this state in memory.
      wire.rest()
      this.broken = false
    } finally {
      this.running = false
    }
    const { refusal } = wire
    // Bytes after the last message of a connection belong to no message, so leave `begun` unset for them.
    const begun = refusal === undefined ? wire.inMessage : refusal.code !== "HPE_CLOSED_CONNECTION"
    if (begun && this.begun < 0) this.begins()
    return refusal === undefined ? read : refusalError(refusal)
  }

  /**
   * Sets `begun` to the current time. Called when a message starts. Also called when a connection starts to
   * wait for its first message.
   */
  begins(): void {
    this.begun = this.now === undefined ? nodeTimers.now() : this.now()
  }

  /** Reports the end of the received bytes to the parser. Returns an error if a message is incomplete. */
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
    // Node puts the reason into the message only for errors in received bytes. This error is different, so
    // use the plain message.
    error.message = "Parse Error"
    return error
  }

  // These members of Node's parser do nothing here. In Node they control reading from a handle, but here the
  // connection passes the bytes to `execute`.
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

  /**
   * Whether `execute` has returned after a slice of a body. If so, the caller must call `execute` again for
   * the remaining bytes.
   */
  get hasStopped(): boolean {
    return this.wire?.paused === true
  }

  get isRunning(): boolean {
    return this.running
  }

  /** Removes all references to the connection, so that the parser can be reused. */
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

  // Core's parser calls the following three methods.
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
    // Drop the head, so that an idle connection does not keep the text of the head in memory.
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

/** Resumes reading from the socket, except while the server connection has paused the socket. */
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

/** Releases the parser of a connection that no longer needs it, and adds the parser to the free list. */
export const freeParser = (
  parser: HttpParser | null | undefined,
  message: { parser?: unknown } | null,
  socket: HttpSocket | null
): void => {
  if (parser) {
    const running = parser.isRunning
    parser.release()
    // Do not reuse a parser whose `execute` is still running, because `execute` will return to code of the
    // old connection.
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
