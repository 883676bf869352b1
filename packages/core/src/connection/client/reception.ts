/**
 * The receiving half of a client connection. It passes parser events to the exchange and records their
 * results (`done`, `violation`, `switchedBy`). The connection acts on the results after the parser has
 * returned.
 */
import type { PeerStep } from "../../model/loss.js"
import type { Refusal } from "../../model/refusal.js"
import {
  Body,
  bodyOf,
  isInformational,
  ResponseParser,
  type Connection as Automaton,
  type ParserOptions,
  type ResponseEvents,
  type ResponseHead,
  type Violation
} from "../../wire/index.js"
import type { Owner } from "./ports.js"

const noTrailers: ReadonlyArray<string> = []

// A request without `takeOver` fails if the response switches protocols or opens a tunnel (2xx to CONNECT),
// because no driver takes the connection over.
const notTaken: PeerStep = {
  _tag: "Violation",
  code: "ERR_HTTPFX_OUT_OF_ORDER",
  half: "response",
  state: "head",
  signal: "switch"
}

/** The members of the connection that its receiving half uses. */
interface Line {
  readonly exchange: Owner | undefined
  /** Sends the request body, because 100 (Continue) has arrived. */
  proceed(): void
  /**
   * Stops waiting for 100 (Continue), because a final response has arrived. A request body that still waits
   * is never sent.
   */
  stopWaiting(): void
}

export class Reception implements ResponseEvents {
  /** Whether the response is complete. */
  done = false
  rawTrailers = noTrailers
  /** Whether the end of the connection marks the end of the response body. */
  untilClose = false
  /** The violation, if the response is illegal in the current state of the request. */
  violation: PeerStep | undefined = undefined
  /** The response head, if the response switched the protocol. */
  switchedBy: ResponseHead | undefined = undefined
  private readonly parser: ResponseParser

  constructor(
    private readonly line: Line,
    private readonly automaton: Automaton,
    options: ParserOptions
  ) {
    this.parser = new ResponseParser(this, options)
  }

  get refusal(): Refusal | undefined {
    return this.parser.refusal
  }

  /** Parses a chunk. Returns the number of its bytes that belong to the response. */
  take(chunk: Uint8Array): number {
    return this.parser.execute(chunk)
  }

  /** Handles FIN. Returns `true` if the response is complete. */
  finish(): boolean {
    const refusal = this.parser.finish()
    this.automaton.responseEof()
    return refusal === undefined && this.done
  }

  /** Prepares for the next response. */
  renew(): void {
    this.done = false
    this.rawTrailers = noTrailers
    this.parser.resume()
  }

  // ---- parser events, while `take` or `finish` runs

  head(head: ResponseHead): number {
    const { exchange } = this.line
    // Stop parsing if a callback for an earlier 1xx response has aborted the exchange.
    if (exchange === undefined) return Body.Stop
    if (isInformational(head.status)) {
      this.violation = stepOf(this.automaton.responseInformational(head.status))
      if (this.violation !== undefined) return Body.Stop
      exchange.informational(head)
      if (head.status === 100) this.line.proceed()
      return Body.Read
    }
    const body = bodyOf(exchange.request.method, head.status)
    // If the head announces neither chunks nor a length, the end of the connection ends the body (RFC 9112
    // §6.3).
    const framingUntilClose = body === Body.Read && !head.chunked && head.contentLength === undefined
    this.untilClose = framingUntilClose
    this.violation = stepOf(
      this.automaton.responseHead({
        status: head.status,
        keepAlive: head.keepAlive || (exchange.request.method === "HEAD" && head.persistent),
        framingUntilClose
      })
    )
    if (this.violation !== undefined) return Body.Stop
    this.line.stopWaiting()
    if (this.automaton.switched) {
      if (exchange.request.takeOver) this.switchedBy = head
      else this.violation = notTaken
      return Body.Stop
    }
    exchange.answer(head)
    return body
  }

  data(slice: Uint8Array): void {
    this.line.exchange?.response?.push(slice)
  }

  complete(rawTrailers: ReadonlyArray<string>): void {
    if (this.line.exchange?.response === undefined) return
    this.done = true
    this.rawTrailers = rawTrailers
    this.automaton.responseComplete()
    // Leave further bytes of this chunk unparsed, because they answer no request. The connection then closes.
    this.parser.pause()
  }
}

/**
 * Narrows the type of a violation. The parser reports only valid statuses, so a violation is always a
 * `PeerStep`.
 */
export const stepOf = <V extends Violation | undefined>(violation: V) =>
  violation as Extract<V, undefined> | PeerStep
