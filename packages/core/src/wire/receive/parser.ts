/**
 * The incremental HTTP/1.1 parser (RFC 9112) for requests or responses: takes bytes and reports heads, body
 * slices and trailers. Any split of the input gives the same events. Never copies a body, never repairs a
 * message, never throws because of the peer's bytes, and keeps no more of a message than the limits permit.
 *
 * The path of a message: requestLine.ts (target.ts, version.ts) or statusLine.ts; fieldLines.ts
 * (plainLines.ts, framingFields.ts, fieldEnds.ts); headChecks.ts; bodyFraming.ts; then this file, with
 * chunkLine.ts for chunks. The state of a parser is in machine.ts, and the stages of parsing are in stage.ts.
 */
import { decideUpgrade, Follows, keepsAlive, reuseAfter, whatFollows } from "./bodyFraming.js"
import { carryExtension, readChunkLine } from "./chunkLine.js"
import {
  Body,
  type MessageEvents,
  type ParserOptions,
  type RequestEvents,
  type ResponseEvents
} from "./events.js"
import { readFieldLines } from "./fieldLines.js"
import { ParsedHead, rawFields } from "./head.js"
import { checkHead } from "./headChecks.js"
import { Fact, type Machine } from "./machine.js"
import { Machines } from "./machines.js"
import type { Refusal } from "../../model/refusal.js"
import { readRequestLine } from "./requestLine.js"
import * as S from "./stage.js"
import { readStatusLine } from "./statusLine.js"

/**
 * State of a parser: between messages, in a head, in a body (or its trailers), after a message that no other
 * may follow, stopped at another protocol, or refused.
 *
 * @since 0.1.0
 * @category parsers
 */
export type Phase = "idle" | "head" | "body" | "closed" | "stopped" | "refused"

const noOptions: ParserOptions = {}
const noTrailers: ReadonlyArray<string> = Object.freeze([])
const noBytes = new Uint8Array(0)

type Shared = WeakMap<ParserOptions, Machines>
const requests: Shared = new WeakMap()
const responses: Shared = new WeakMap()

const machinesOf = (shared: Shared, request: boolean, options: ParserOptions): Machines => {
  let machines = shared.get(options)
  if (machines === undefined) shared.set(options, (machines = new Machines(request, options)))
  return machines
}

class MessageParser {
  private machine: Machine
  private isPaused = false
  /** `bytesConsumed` while the parser has no machine. */
  private consumed = 0

  constructor(
    private readonly events: MessageEvents<ParsedHead>,
    private readonly machines: Machines
  ) {
    this.machine = machines.resting
  }

  /** The refusal of the peer's bytes, if any. After a refusal the parser reads no more. */
  get refusal(): Refusal | undefined {
    return this.machine.refusal
  }

  /** The head callback returned `Body.Stop`, or a 101 was read: the following bytes are not HTTP. */
  get stopped(): boolean {
    return this.machine.stage === S.STOPPED
  }

  get paused(): boolean {
    return this.isPaused
  }

  /** Number of bytes of the connection that completed calls of `execute` have consumed. */
  get bytesConsumed(): number {
    return this.machine === this.machines.resting ? this.consumed : this.machine.consumed
  }

  /** Bytes of the current head (or trailer section) that count towards its limit, in completed calls. */
  get headBytes(): number {
    return this.phase === "idle" ? 0 : this.machine.counted
  }

  /** Part of a message has been read: `phase` is "head" or "body". */
  get inMessage(): boolean {
    const phase = this.phase
    return phase === "head" || phase === "body"
  }

  /**
   * Bytes already read have further events. The parser was paused before these events; after `resume`,
   * `execute` reports them without further bytes.
   */
  get hasMoreToTell(): boolean {
    const { stage } = this.machine
    return stage === S.FRAMING || stage === S.MESSAGE_COMPLETE
  }

  get phase(): Phase {
    const stage = this.machine.stage
    if (stage === S.REFUSED) return "refused"
    if (stage === S.STOPPED) return "stopped"
    if (stage === S.CLOSED || stage === S.IGNORE) return "closed"
    if (stage === S.IDLE || stage === S.IDLE_LF || stage === S.NEXT_MESSAGE) return "idle"
    if (stage < S.METHOD || stage >= S.CHUNK_FIRST) return "body"
    return (this.machine.facts & Fact.Trailers) !== 0 ? "body" : "head"
  }

  /** Stops parsing after the running callback, or before the next byte if none is running. */
  pause(): void {
    this.isPaused = true
  }

  /**
   * Permits parsing again. The caller must then call `execute` with the bytes not yet consumed, even if there
   * are none.
   */
  resume(): void {
    this.isPaused = false
  }

  /**
   * If the parser is between two messages, returns its machine to the pool of parsers with the same options.
   * An idle connection then costs little memory.
   */
  rest(): void {
    const m = this.machine
    // While `execute` runs, the machine has a chunk and must not be returned.
    if (m === this.machines.resting || m.chunk.length > 0 || this.isPaused) return
    if (m.stage === S.NEXT_MESSAGE) this.nextMessage()
    if (m.stage !== S.IDLE || m.remaining > 0) return
    this.consumed = m.consumed
    this.machine = this.machines.resting
    this.machines.giveBack(m)
  }

  private wake(): void {
    this.machine = this.machines.take()
    this.machine.consumed = this.consumed
  }

  /**
   * Parses a chunk, which must not be changed afterwards. Returns the number of bytes consumed, which is less
   * than `chunk.length` if the parser was paused, stopped (the rest is not HTTP) or refused the input. After
   * `resume`, pass the rest again.
   */
  execute(chunk: Uint8Array): number {
    if (this.machine === this.machines.resting) this.wake()
    const m = this.machine
    if (this.isPaused || m.stage >= S.ENDED) return 0
    const n = chunk.length
    m.begin(chunk)
    let i = 0
    while (!this.isPaused && m.stage < S.ENDED) {
      if (m.stage >= S.EAGER) this.goOn(i)
      else if (i < n) i = this.read(i, n)
      else break
    }
    if (i === n && m.stage >= S.METHOD && m.stage <= S.CHUNK_LAST) this.carry(n)
    if (m.refusal !== undefined) i = m.refusal.bytesParsed
    m.consumed += i
    m.chunk = noBytes
    return i
  }

  /**
   * Handles the end of the stream. Completes a body framed by the end of the stream; any other incomplete
   * message is refused. Does nothing while the parser is paused: call `finish` again after `resume` and a
   * last `execute`.
   */
  finish(): Refusal | undefined {
    const m = this.machine
    if (this.isPaused || m.stage >= S.ENDED) return undefined
    if (m.stage >= S.EAGER) {
      // Events postponed by a pause need no more bytes, so report them now.
      this.execute(noBytes)
      if (this.paused || m.refusal !== undefined || this.stopped) return m.refusal
    }
    switch (m.stage) {
      case S.IDLE:
      case S.IDLE_LF:
      case S.CLOSED:
      case S.IGNORE:
        return undefined
      case S.BODY_CLOSE:
        m.stage = S.CLOSED
        this.events.complete(noTrailers)
        return undefined
    }
    m.refuse(0, "HPE_INVALID_EOF_STATE", "Invalid EOF state")
    return m.refusal
  }

  private read(i: number, n: number): number {
    const m = this.machine
    const stage = m.stage
    if (stage >= S.CHUNK_FIRST) return readChunkLine(m, i, n)
    if (stage >= S.FIELDS_FIRST) return readFieldLines(m, i, n)
    if (stage >= S.METHOD) return m.request ? readRequestLine(m, i, n) : readStatusLine(m, i, n)
    switch (stage) {
      case S.IDLE:
      case S.IDLE_LF:
        return this.readIdle(i, n)
      case S.CLOSED:
        return this.readClosed(i, n)
      case S.IGNORE:
        return n
      default:
        return this.readBody(i, n)
    }
  }

  /** Skips line breaks before a message (RFC 9112 §2.2); the first other byte starts the message. */
  private readIdle(i: number, n: number): number {
    const m = this.machine
    for (; i < n; i++) {
      const c = m.chunk[i]!
      if (m.stage === S.IDLE_LF) {
        if (c !== 10) return this.strayBreak(i)
        m.stage = S.IDLE
      } else if (c === 13) {
        if (!m.allows("leadingLineBreaks")) {
          if (!m.request) return this.strayBreak(i)
          m.stage = S.IDLE_LF
        }
      } else if (c === 10) {
        if (!m.allows("leadingLineBreaks")) return this.strayBreak(i)
      } else {
        this.beginMessage(i)
        return i
      }
    }
    return i
  }

  private strayBreak(i: number): number {
    const m = this.machine
    const code = m.request ? "HPE_INVALID_METHOD" : "HPE_INVALID_CONSTANT"
    return m.refuse(i, code, "Line break before the start line", "leadingLineBreaks")
  }

  private beginMessage(i: number): void {
    const m = this.machine
    m.openSection(i, m.limits.maxHeaderSize)
    m.lineStart = m.lineEnd = 0
    m.hosts = 0
    m.hostIsValid = false
    m.part = 0
    m.stage = m.request ? S.METHOD : S.STATUS_PROTOCOL
  }

  private readClosed(i: number, n: number): number {
    const m = this.machine
    for (; i < n; i++) {
      const c = m.chunk[i]!
      if (c === 13 || c === 10) continue
      if (!m.allows("dataAfterClose")) {
        return m.refuse(i + 1, "HPE_CLOSED_CONNECTION", "Data after `Connection: close`", "dataAfterClose")
      }
      m.stage = S.IGNORE
      return n
    }
    return i
  }

  private readBody(i: number, n: number): number {
    const m = this.machine
    let end = n
    if (m.stage !== S.BODY_CLOSE) {
      if (m.remaining > n - i) {
        m.remaining -= n - i
      } else {
        end = i + m.remaining
        m.remaining = 0
        m.stage = m.stage === S.CHUNK_DATA ? S.CHUNK_END : S.MESSAGE_COMPLETE
      }
    }
    this.events.data(i === 0 && end === m.chunk.length ? m.chunk : m.chunk.subarray(i, end))
    return end
  }

  /** Executes stages that need no byte. */
  private goOn(i: number): void {
    const m = this.machine
    switch (m.stage) {
      case S.HEAD_COMPLETE:
        return this.endHead(i)
      case S.FRAMING:
        return this.beginBody(i)
      case S.CHUNK_HEADER_COMPLETE:
        if (m.remaining > 0) {
          m.stage = S.CHUNK_DATA
          return
        }
        m.facts |= Fact.Trailers
        m.openSection(i, m.limits.maxTrailerSize)
        m.lineEnd = 0
        m.stage = S.FIELD_START
        return
      case S.MESSAGE_COMPLETE: {
        const trailers = m.markCount === 0 ? noTrailers : rawFields(m.closeSection(i), m.takeMarks())
        m.stage = S.NEXT_MESSAGE
        return this.events.complete(trailers)
      }
      default:
        return this.nextMessage()
    }
  }

  private endHead(i: number): void {
    const m = this.machine
    const text = m.closeSection(i)
    m.partial = ""
    decideUpgrade(m)
    if (!checkHead(m, i, text)) return
    m.stage = S.FRAMING
    const body = this.events.head(new ParsedHead(text, m, reuseAfter(m)))
    if (body === Body.Read) return
    m.facts |= Fact.SkipBody
    if (body === Body.Stop) m.upgrade = m.stopping = true
  }

  private beginBody(i: number): void {
    const m = this.machine
    switch (whatFollows(m)) {
      case Follows.Chunks:
        m.stage = S.CHUNK_SIZE_FIRST
        return
      case Follows.Length:
        m.stage = S.BODY_LENGTH
        return
      case Follows.UntilClose:
        m.stage = S.BODY_CLOSE
        return
      case Follows.Unknown: {
        const reason = "Request has invalid `Transfer-Encoding`"
        m.refuse(i, "HPE_INVALID_TRANSFER_ENCODING", reason, "chunkedNotLast")
        return
      }
      case Follows.OtherProtocol:
        // After a 101 the other protocol follows, even if the driver did not stop the parser (RFC 9110
        // §15.2.2).
        if (!m.request && m.status === 101) m.stopping = true
        m.stage = S.MESSAGE_COMPLETE
        return
      default:
        m.stage = S.MESSAGE_COMPLETE
    }
  }

  private nextMessage(): void {
    const m = this.machine
    if (m.stopping) {
      m.stage = S.STOPPED
      return
    }
    const keep = keepsAlive(m)
    m.facts = 0
    if (keep) m.remaining = 0
    m.stage = keep || m.allows("keepAliveAfterClose") ? S.IDLE : S.CLOSED
  }

  private carry(n: number): void {
    const m = this.machine
    if (m.stage >= S.CHUNK_FIRST) {
      carryExtension(m, n)
      return
    }
    m.carry(n)
  }
}

/**
 * Parses the requests of one connection.
 *
 * @since 0.1.0
 * @category parsers
 */
export class RequestParser extends MessageParser {
  constructor(events: RequestEvents, options: ParserOptions = noOptions) {
    super(events, machinesOf(requests, true, options))
  }
}

/**
 * Parses the responses of one connection. The driver knows the request of every response: the driver returns
 * `Body.Skip` for a response to `HEAD`, and `Body.Stop` for a 2xx response to `CONNECT`.
 *
 * @since 0.1.0
 * @category parsers
 */
export class ResponseParser extends MessageParser {
  constructor(events: ResponseEvents, options: ParserOptions = noOptions) {
    super(events, machinesOf(responses, false, options))
  }
}
