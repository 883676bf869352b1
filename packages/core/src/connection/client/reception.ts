/**
 * The receiving half of a client connection: passes parser events to the exchange, and records the results of
 * these events. The connection acts on the results after the parser has returned.
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

// A 2xx response to CONNECT opens a tunnel. Without `takeOver` no driver can use the tunnel, so the request
// fails.
const notTaken: PeerStep = {
  _tag: "Violation",
  code: "ERR_HTTPFX_OUT_OF_ORDER",
  half: "response",
  state: "head",
  signal: "switch"
}

/** The connection, as its receiving half sees it. */
interface Line {
  readonly exchange: Owner | undefined
  /** Called when 100 (Continue) has arrived: sends the body. */
  proceed(): void
  /** Called when a final response has arrived: a body that still waits for 100 (Continue) is not sent. */
  stopWaiting(): void
}

export class Reception implements ResponseEvents {
  /** The response is complete. */
  done = false
  rawTrailers = noTrailers
  /** The response body is framed by the end of the connection. */
  untilClose = false
  /** The response is illegal in the current state of the request. */
  violation: PeerStep | undefined = undefined
  /** The head that switched the protocol. */
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

  /** Parses a chunk; returns the number of bytes that belong to the response. */
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
    // A callback for an earlier 1xx response may have aborted the exchange: stop parsing.
    if (exchange === undefined) return Body.Stop
    if (isInformational(head.status)) {
      this.violation = stepOf(this.automaton.responseInformational(head.status))
      if (this.violation !== undefined) return Body.Stop
      exchange.informational(head)
      if (head.status === 100) this.line.proceed()
      return Body.Read
    }
    const body = bodyOf(exchange.request.method, head.status)
    // RFC 9112 §6.3, item 8.
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
    // Further bytes of this chunk belong to no request, so leave them unparsed; the connection closes because
    // of them.
    this.parser.pause()
  }
}

/** Narrows the type of a violation: the parser never reports a status that the automaton does not accept. */
export const stepOf = <V extends Violation | undefined>(violation: V) =>
  violation as Extract<V, undefined> | PeerStep
