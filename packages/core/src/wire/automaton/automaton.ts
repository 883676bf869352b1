/**
 * The automaton of one connection, the same for clients and servers: decides which part of a message is legal
 * in which state, and whether the connection is reused. The rules are the tables of `table.ts`; a driver
 * reports the parts that were sent and received.
 *
 * The automaton never touches bytes, sockets or time, and never acts: the driver acts on its results. An
 * exchange allocates nothing, unless requests are pipelined or a step is refused.
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
 * The facts of a request head that the automaton needs. A parser's head event has these properties.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestFacts {
  /** The method; `CONNECT` has its own rules. */
  readonly method: string
  /** Minor version of HTTP/1.x: 0 or 1. */
  readonly versionMinor: number
  /**
   * The message permits another exchange: no `Connection: close`, or HTTP/1.0 with `Connection: keep-alive`.
   */
  readonly keepAlive: boolean
  /** The request has an `Upgrade` field and the connection option `upgrade`, and our side would switch. */
  readonly upgrade: boolean
  /** The request has `Expect: 100-continue` (RFC 9110 §10.1.1). */
  readonly expectContinue: boolean
}

/**
 * The facts of a response head that the automaton needs.
 *
 * @since 0.1.0
 * @category models
 */
export interface ResponseFacts {
  /** The status code. After a 1xx other than 101 the exchange continues. */
  readonly status: number
  /** The message permits another exchange. */
  readonly keepAlive: boolean
  /** The body is framed by the end of the connection. */
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

// Facts kept for each exchange until its response is complete, as bits.
const Http10 = 1
const Expects = 2

/**
 * Each method that reports a step returns `undefined`, or a `Violation` if the step is refused. A refused
 * step changes nothing.
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
  /** `role` is our side of the connection: a client sends requests, a server sends responses. */
  constructor(readonly role: "client" | "server") {}

  private requestNow = requestIdle
  private responseNow = responseAt("idle")
  private facts = 0
  private owed = 0
  /** Facts of the oldest exchange without a complete response. */
  private oldest = 0
  /** Facts of later exchanges, in order; created when requests are first pipelined. */
  private others: Array<number> | undefined
  private asked: "upgrade" | "connect" | undefined
  private reason: CloseReason | undefined
  private begun = 0

  /** State of the request half, which belongs to the newest exchange. */
  get request(): RequestState {
    return requests.states[this.requestNow]!
  }

  /** State of the response half, which belongs to the oldest exchange without a complete response. */
  get response(): ResponseState {
    return responses.states[this.responseNow]!
  }

  /** Number of exchanges without a complete response. */
  get outstanding(): number {
    return this.owed
  }

  /** Number of requests begun on this connection. */
  get exchanges(): number {
    return this.begun
  }

  /** The response switched protocols. The request half also switches, once the request is complete. */
  get switched(): boolean {
    return this.responseNow === responseSwitched
  }

  /**
   * The reason why the connection will be closed, once there is one. Later reasons do not replace the first.
   */
  get closeReason(): CloseReason | undefined {
    return this.reason
  }

  /** The client waits for 100 before it sends the body of the oldest request (RFC 9110 §10.1.1). */
  get expectsContinue(): boolean {
    return this.responseNow === responseHead && (this.oldest & Expects) !== 0
  }

  /**
   * The response that is due may announce a persistent connection. `false` for the last response before a
   * close.
   */
  get keepAlive(): boolean {
    return this.owed > 1 || this.reason === undefined
  }

  /**
   * Reports a request head. Refused while a request is incomplete, after a close was announced, and while a
   * protocol switch is undecided.
   */
  requestHead(facts: RequestFacts): ViolationOf<"ERR_HTTPFX_OUT_OF_ORDER"> | undefined {
    const next = requests.next.head[this.requestNow]!
    if (next === refused) return outOfOrder("request", this.request, "head")
    this.requestNow = next
    this.begun++
    const http10 = facts.versionMinor === 0
    this.enqueue((http10 ? Http10 : 0) | (facts.expectContinue ? Expects : 0))
    if (facts.method === "CONNECT") this.ask("connect")
    // RFC 9110 §7.8: a server ignores `Upgrade` in HTTP/1.0.
    else if (facts.upgrade && !http10) this.ask("upgrade")
    if (!facts.keepAlive) this.note(http10 ? "Http10" : "RequestClose")
    this.settle()
    return undefined
  }

  /**
   * Reports that a server responds to bytes that are not a valid request, or to a late request, and then
   * closes. If no request is incomplete, this adds a response that is due. Otherwise only the response to the
   * incomplete request is due, and may already have been sent.
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

  /** Reports the end of a request, including a request without a body. */
  requestComplete(): ViolationOf<"ERR_HTTPFX_OUT_OF_ORDER"> | undefined {
    const next = requests.next.complete[this.requestNow]!
    if (next === refused) return outOfOrder("request", this.request, "complete")
    this.requestNow = next
    this.settle()
    return undefined
  }

  /** Reports the client's FIN; no state refuses it. Due responses may still be sent (RFC 9112 §9.6). */
  requestEof(): undefined {
    this.requestNow = requests.next.eof[this.requestNow]!
    this.note(this.role === "server" ? "PeerEof" : "OwnEof")
    this.settle()
    return undefined
  }

  /**
   * Reports a 1xx head other than 101. Refused if no response head is due, and for an HTTP/1.0 request (RFC
   * 9110 §15.2).
   */
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
   * Reports a final response head or 101. Refused if no response head is due. 101 is also refused if the
   * request did not ask for an upgrade.
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
    // No request may follow a request that asks for a switch. So if one exchange is outstanding, `asked`
    // belongs to it.
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

  /** Reports the end of a response, including a response without a body. */
  responseComplete(): ViolationOf<"ERR_HTTPFX_OUT_OF_ORDER"> | undefined {
    const next = responses.next.complete[this.responseNow]!
    if (next === refused) return outOfOrder("response", this.response, "complete")
    this.responseNow = next
    this.dequeue()
    this.settle()
    return undefined
  }

  /**
   * Reports the server's FIN, which completes a body framed by the end of the connection. Other responses
   * that are due will never arrive.
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

  /**
   * Forbids reuse of the connection, for this reason. Exchanges in flight may complete. A response of a
   * server announces only the objections that `mayKeepAlive` of `connection/server` finds when the head is
   * encoded.
   */
  mustClose(reason: CloseReason): void {
    this.note(reason)
    this.settle()
  }

  /** Decides whether the connection, in its current state, is reused, closed or still busy. */
  after(): AfterExchange {
    if (this.responseNow === responseSwitched) return switchedOver
    const over = this.owed === 0 || this.responseNow === responseDone || this.responseNow === responseClosed
    // A driver that nevertheless reads or sends the rest of the request calls `after` again when the request
    // is complete.
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
