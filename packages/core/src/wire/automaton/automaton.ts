/**
 * The automaton of one connection, the same for clients and servers: who may send what when, and what becomes
 * of the connection afterwards. Its rules are the tables of `table.ts`; a driver reports what was
 * sent and received.
 *
 * Never touches bytes, sockets or time, and never acts: it answers, and the driver does. No allocation per
 * exchange unless requests are pipelined or a step is refused.
 *
 * @since 0.1.0
 */
import { switchedOver, type AfterExchange, type CloseReason } from "./afterExchange.js"
import { compile, factSets, refused } from "./compile.js"
import { afterExchange } from "./reuse.js"
import { isInformational } from "../grammar/bodiless.js"
import {
  Fact,
  requestSignals,
  responseSignals,
  rules,
  steps,
  type RequestState,
  type ResponseState
} from "./table.js"
import { invalidStatus, outOfOrder, upgradeNotAsked, type ViolationOf } from "../../model/violation.js"

/**
 * What the automaton must know of a request head. A parser's head event has these properties.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestFacts {
  /** The method: `CONNECT` and `HEAD` have rules of their own. */
  readonly method: string
  /** 0 or 1, of HTTP/1.x. */
  readonly versionMinor: number
  /**
   * The message allows another exchange: no `Connection: close`, or HTTP/1.0 with `Connection: keep-alive`.
   */
  readonly keepAlive: boolean
  /** `Upgrade` with the connection option of that name, and our side would switch. */
  readonly upgrade: boolean
  /** `Expect: 100-continue` (RFC 9110 §10.1.1). */
  readonly expectContinue: boolean
}

/**
 * What the automaton must know of a response head.
 *
 * @since 0.1.0
 * @category models
 */
export interface ResponseFacts {
  /** The status code; a 1xx leaves the exchange under way, but 101. */
  readonly status: number
  /** The message allows another exchange. */
  readonly keepAlive: boolean
  /** The end of the connection is the end of the body. */
  readonly framingUntilClose: boolean
}

const requests = compile(steps.request, rules.request, requestSignals)
const responses = compile(steps.response, rules.response, responseSignals)
const requestIdle = requests.at("idle")
const { at: responseAt } = responses
const responseHead = responseAt("head")
const responseUntilClose = responseAt("untilClose")
const responseDone = responseAt("done")
const responseSwitched = responseAt("switched")
const responseClosed = responseAt("closed")

// What is remembered of an exchange until its response is complete; bits.
const Http10 = 1
const Expects = 2

/**
 * Every method that reports a step returns `undefined`, or a `Violation` if the step is refused; then nothing
 * changed.
 *
 * ```ts
 * const connection = new Connection("server")
 * const head = { method: "GET", versionMinor: 1, keepAlive: true, upgrade: false, expectContinue: false }
 * connection.requestHead(head)
 * connection.requestComplete()
 * connection.responseHead({ status: 200, keepAlive: true, framingUntilClose: false })
 * connection.responseComplete()
 * connection.after() // { _tag: "Reuse" }
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export class Connection {
  /** Which half is ours to send: the request half of a client, the response half of a server. */
  constructor(readonly role: "client" | "server") {}

  private requestNow = requestIdle
  private responseNow = responseAt("idle")
  private facts = 0
  private owed = 0
  /** Of the oldest exchange that is not answered. */
  private oldest = 0
  /** Of the exchanges after the oldest, in order; made when requests are pipelined for the first time. */
  private others: Array<number> | undefined
  private asked: "upgrade" | "connect" | undefined
  private reason: CloseReason | undefined
  private begun = 0

  /** State of the request half: of the newest exchange. */
  get request(): RequestState {
    return requests.states[this.requestNow]!
  }

  /** State of the response half: of the oldest exchange that is not answered. */
  get response(): ResponseState {
    return responses.states[this.responseNow]!
  }

  /** Exchanges whose response is not complete. */
  get outstanding(): number {
    return this.owed
  }

  /** Requests begun on this connection so far. */
  get exchanges(): number {
    return this.begun
  }

  /** The response switched protocols. The request half follows when its request is complete. */
  get switched(): boolean {
    return this.responseNow === responseSwitched
  }

  /** Why the connection will be closed, as soon as that is known; the first reason stays. */
  get closeReason(): CloseReason | undefined {
    return this.reason
  }

  /** The client waits for 100 before it sends the body of the oldest request (RFC 9110 §10.1.1). */
  get expectsContinue(): boolean {
    return this.responseNow === responseHead && (this.oldest & Expects) !== 0
  }

  /**
   * May the response that is due now say that the connection goes on? False for the last one before a close.
   */
  get keepAlive(): boolean {
    return this.owed > 1 || this.reason === undefined
  }

  /**
   * A request head. Refused while a request is under way, after a close was announced, and while a switch is
   * open.
   */
  requestHead(facts: RequestFacts): ViolationOf<"ERR_HTTPFX_OUT_OF_ORDER"> | undefined {
    const next = requests.next.head[this.requestNow]!
    if (next === refused) return outOfOrder("request", this.request, "head")
    this.requestNow = next
    this.begun++
    const http10 = facts.versionMinor === 0
    this.enqueue((http10 ? Http10 : 0) | (facts.expectContinue ? Expects : 0))
    if (facts.method === "CONNECT") this.ask("connect")
    // RFC 9110 §7.8: an upgrade asked for in HTTP/1.0 is ignored.
    else if (facts.upgrade && !http10) this.ask("upgrade")
    if (!facts.keepAlive) this.note(http10 ? "Http10" : "RequestClose")
    this.settle()
    return undefined
  }

  /**
   * What the client sends is not a request, or did not come in time, and is answered nevertheless: the
   * connection closes after that. Before the request's head one more response is due; after it, only its own,
   * which may have been sent already.
   */
  requestRefused(reason: CloseReason): ViolationOf<"ERR_HTTPFX_OUT_OF_ORDER"> | undefined {
    const before = this.requestNow
    const next = requests.next.refused[before]!
    if (next === refused) return outOfOrder("request", this.request, "refused")
    this.requestNow = next
    if (before === requestIdle) this.enqueue(0)
    this.note(reason)
    this.settle()
    return undefined
  }

  /** The end of a request; also of one without a body. */
  requestComplete(): ViolationOf<"ERR_HTTPFX_OUT_OF_ORDER"> | undefined {
    const next = requests.next.complete[this.requestNow]!
    if (next === refused) return outOfOrder("request", this.request, "complete")
    this.requestNow = next
    this.settle()
    return undefined
  }

  /**
   * The client ended its direction, which no state refuses. Responses that are due may still be sent (RFC
   * 9112 §9.6).
   */
  requestEof(): undefined {
    this.requestNow = requests.next.eof[this.requestNow]!
    this.note(this.role === "server" ? "PeerEof" : "OwnEof")
    this.settle()
    return undefined
  }

  /** A 1xx but 101. Refused when no response head is due, and for an HTTP/1.0 request (RFC 9110 §15.2). */
  responseInformational(
    status: number
  ): ViolationOf<"ERR_HTTPFX_OUT_OF_ORDER"> | ViolationOf<"ERR_HTTP_INVALID_STATUS_CODE"> | undefined {
    if (!isInformational(status)) return invalidStatus(status)
    const next = responses.next.informational[this.responseNow]!
    if (next === refused || (this.oldest & Http10) !== 0) {
      return outOfOrder("response", this.response, "informational")
    }
    this.responseNow = next
    if (status === 100) this.oldest &= ~Expects
    return undefined
  }

  /**
   * A final response head, 101 included. Refused when none is due, and 101 for a request that asked for no
   * upgrade.
   */
  responseHead(
    facts: ResponseFacts
  ):
    | ViolationOf<"ERR_HTTPFX_OUT_OF_ORDER">
    | ViolationOf<"ERR_HTTP_INVALID_STATUS_CODE">
    | ViolationOf<"ERR_HTTPFX_UPGRADE_NOT_ASKED">
    | undefined {
    const status = facts.status
    if (status < 200 && status !== 101) return invalidStatus(status)
    // Nothing follows a request that asks for a switch, so it is the oldest if it is the only one.
    const asked = this.owed === 1 ? this.asked : undefined
    const switches = status === 101 ? asked === "upgrade" : asked === "connect" && status < 300
    const signal = switches ? "switch" : facts.framingUntilClose ? "headUntilClose" : "head"
    const next = responses.next[signal][this.responseNow]!
    if (next === refused) return outOfOrder("response", this.response, signal)
    if (status === 101 && !switches) return upgradeNotAsked
    this.responseNow = next
    if (asked !== undefined) {
      this.asked = undefined
      this.facts &= ~Fact.Asked
    }
    if (switches) {
      this.facts |= Fact.Switched
      this.dequeue()
    } else if (facts.framingUntilClose || !facts.keepAlive) {
      this.facts |= Fact.Last
      this.note(facts.framingUntilClose ? "UntilClose" : "ResponseClose")
    }
    this.settle()
    return undefined
  }

  /** The end of a response; also of one without a body. */
  responseComplete(): ViolationOf<"ERR_HTTPFX_OUT_OF_ORDER"> | undefined {
    const next = responses.next.complete[this.responseNow]!
    if (next === refused) return outOfOrder("response", this.response, "complete")
    this.responseNow = next
    this.dequeue()
    this.settle()
    return undefined
  }

  /**
   * The server ended its direction. Completes a body that ends with the connection; what else was due never
   * comes.
   */
  responseEof(): ViolationOf<"ERR_HTTPFX_OUT_OF_ORDER"> | undefined {
    const next = responses.next.eof[this.responseNow]!
    if (next === refused) return outOfOrder("response", this.response, "eof")
    if (this.responseNow === responseUntilClose) this.dequeue()
    this.responseNow = next
    this.note(this.role === "client" ? "PeerEof" : "OwnEof")
    this.settle()
    return undefined
  }

  /** The connection must not be used again, for this reason; what is under way may come to its end. */
  mustClose(reason: CloseReason): void {
    this.note(reason)
    this.settle()
  }

  /** What becomes of the connection, as things stand now. */
  after(): AfterExchange {
    if (this.responseNow === responseSwitched) return switchedOver
    const over = this.owed === 0 || this.responseNow === responseDone || this.responseNow === responseClosed
    // A driver that reads or sends the rest of the request asks again after that.
    return afterExchange(this.reason, over, this.requestNow === requestIdle, "close")
  }

  private enqueue(exchange: number): void {
    if (this.owed++ === 0) this.oldest = exchange
    else (this.others ??= []).push(exchange)
    this.facts |= Fact.Owed
  }

  private dequeue(): void {
    if (--this.owed === 0) this.facts &= ~Fact.Owed
    else this.oldest = this.others!.shift()!
  }

  private ask(what: "upgrade" | "connect"): void {
    this.asked = what
    this.facts |= Fact.Asked
  }

  private note(reason: CloseReason): void {
    this.reason ??= reason
    this.facts |= Fact.Closing
  }

  private settle(): void {
    this.requestNow = requests.settled[this.requestNow * factSets + this.facts]!
    this.responseNow = responses.settled[this.responseNow * factSets + this.facts]!
  }
}
