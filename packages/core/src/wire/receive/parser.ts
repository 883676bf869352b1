/**
 * The incremental HTTP/1.1 parser for requests or responses (RFC 9112). The parser takes chunks of bytes, and
 * reports heads, body slices and trailers. The reported heads, body bytes and trailers do not depend on the
 * boundaries of the chunks. The parser never copies a body, never repairs a message, and never throws because
 * of the peer's bytes. The parser keeps no more of a message than the limits permit.
 *
 * These files read a message, in this order:
 *
 * 1. requestLine.ts (with target.ts and version.ts) or statusLine.ts
 * 2. fieldLines.ts (with plainLines.ts, framingFields.ts and fieldEnds.ts)
 * 3. headChecks.ts
 * 4. bodyFraming.ts
 * 5. this file, with chunkLine.ts for chunks
 *
 * The state of a parser is in machine.ts, and the stages of parsing are in stage.ts.
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
 * The state of a parser.
 *
 * - `idle`: between two messages
 * - `head`: in a head
 * - `body`: in a body or its trailers
 * - `closed`: after a message that closes the connection
 * - `stopped`: stopped before bytes of another protocol
 * - `refused`: the input was refused
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
  /** The value of `bytesConsumed` while the parser has no machine. */
  private consumed = 0

  constructor(
    private readonly events: MessageEvents<ParsedHead>,
    private readonly machines: Machines
  ) {
    this.machine = machines.resting
  }

  /** The refusal of the peer's bytes, if there is one. After a refusal the parser reads no more. */
  get refusal(): Refusal | undefined {
    return this.machine.refusal
  }

  /**
   * Whether the parser has stopped, because the following bytes are not HTTP. The parser stops after a 101,
   * and after a head for which the callback returned `Body.Stop`.
   */
  get stopped(): boolean {
    return this.machine.stage === S.STOPPED
  }

  get paused(): boolean {
    return this.isPaused
  }

  /** Number of bytes of the connection that were consumed by completed calls of `execute`. */
  get bytesConsumed(): number {
    return this.machine === this.machines.resting ? this.consumed : this.machine.consumed
  }

  /**
   * Number of bytes of the current head or trailer section that count towards its limit. Only completed calls
   * of `execute` count.
   */
  get headBytes(): number {
    return this.phase === "idle" ? 0 : this.machine.counted
  }

  /** Whether the parser is inside a message, so that `phase` is `head` or `body`. */
  get inMessage(): boolean {
    const phase = this.phase
    return phase === "head" || phase === "body"
  }

  /**
   * Whether the parser was paused before it reported all events of the bytes that it has read. After
   * `resume`, `execute` reports the remaining events without further bytes.
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

  /** Pauses parsing after the running callback, or, if no callback is running, before the next byte. */
  pause(): void {
    this.isPaused = true
  }

  /**
   * Permits parsing again. The caller must afterwards call `execute` with the bytes that were not consumed,
   * possibly an empty chunk.
   */
  resume(): void {
    this.isPaused = false
  }

  /**
   * Returns the parser's machine to the pool if the parser is between two messages. An idle connection then
   * costs little memory.
   */
  rest(): void {
    const m = this.machine
    // While `execute` runs, the machine has a chunk and must not return to the pool.
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
   * Parses a chunk, which must not be changed afterwards. Returns the number of bytes consumed. This number
   * is less than `chunk.length` if the parser was paused, stopped before another protocol, or refused the
   * input. After `resume`, the caller must pass the rest again.
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
   * Handles the end of the connection's input. Completes a body that is framed by the end of the connection,
   * and refuses any other incomplete message.
   *
   * Does nothing while the parser is paused. The caller must call `finish` again after `resume` and a last
   * `execute`.
   */
  finish(): Refusal | undefined {
    const m = this.machine
    if (this.isPaused || m.stage >= S.ENDED) return undefined
    if (m.stage >= S.EAGER) {
      // A pause has postponed events that need no more bytes, so report these events now.
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

  /**
   * Skips line breaks before a message (RFC 9112 §2.2). The first byte that is not part of a line break
   * starts the message.
   */
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

  /** Executes a stage that needs no further bytes. */
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
        // After a 101 another protocol follows, even if the driver did not return `Body.Stop` (RFC 9110
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
 * A parser for the requests of one connection.
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
 * A parser for the responses of one connection. The parser does not know the requests. So the driver must
 * return `Body.Skip` for a response to `HEAD`, and `Body.Stop` for a 2xx response to `CONNECT`.
 *
 * @since 0.1.0
 * @category parsers
 */
export class ResponseParser extends MessageParser {
  constructor(events: ResponseEvents, options: ParserOptions = noOptions) {
    super(events, machinesOf(responses, false, options))
  }
}
