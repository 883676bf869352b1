/**
 * The automaton of one connection, for clients and servers. The automaton decides which part of a message is
 * legal in which state, and whether the connection is reused. The rules are the tables of `table.ts`. A
 * driver reports every part that was sent or received.
 *
 * The automaton never touches bytes, sockets or time. The driver acts on the automaton's results. An exchange
 * allocates memory only if requests are pipelined or a step is refused.
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
 * The facts about a request head that the automaton needs. The heads that a parser reports have these
 * properties.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestFacts {
  /** The method. The automaton treats only `CONNECT` specially. */
  readonly method: string
  /** The minor version of HTTP/1.x, which is 0 or 1. */
  readonly versionMinor: number
  /**
   * Whether the request permits another exchange on the connection. An HTTP/1.1 request does so if it lacks
   * `Connection: close`, and an HTTP/1.0 request does so if it has `Connection: keep-alive`.
   */
  readonly keepAlive: boolean
  /**
   * Whether the request has an `Upgrade` field and the connection option `upgrade`, and our side would switch
   * protocols.
   */
  readonly upgrade: boolean
  /** Whether the request has `Expect: 100-continue` (RFC 9110 §10.1.1). */
  readonly expectContinue: boolean
}

/**
 * The facts about a response head that the automaton needs.
 *
 * @since 0.1.0
 * @category models
 */
export interface ResponseFacts {
  /** The status code. After a 1xx other than 101 the exchange continues. */
  readonly status: number
  /** Whether the response permits another exchange on the connection. */
  readonly keepAlive: boolean
  /** Whether the response body is framed by the end of the connection. */
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

// Facts about an exchange, as bits. The facts are kept until the response is complete.
const Http10 = 1
const Expects = 2

/**
 * The automaton of one connection. A method that reports a step returns a `Violation` if the step is refused,
 * and otherwise `undefined`. A refused step leaves the state unchanged.
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
  /** `role` is our side of the connection. A client sends requests, and a server sends responses. */
  constructor(readonly role: "client" | "server") {}

  private requestNow = requestIdle
  private responseNow = responseAt("idle")
  private facts = 0
  private owed = 0
  /** The facts (`Http10`, `Expects`) about the oldest exchange without a complete response. */
  private oldest = 0
  /** The facts about the later exchanges, in order. The list is created when requests are first pipelined. */
  private others: Array<number> | undefined
  private asked: "upgrade" | "connect" | undefined
  private reason: CloseReason | undefined
  private begun = 0

  /** The state of the request half. The request half belongs to the newest exchange. */
  get request(): RequestState {
    return requests.states[this.requestNow]!
  }

  /**
   * The state of the response half. The response half belongs to the oldest exchange without a complete
   * response.
   */
  get response(): ResponseState {
    return responses.states[this.responseNow]!
  }

  /** Number of exchanges without a complete response. */
  get outstanding(): number {
    return this.owed
  }

  /** Number of requests that have begun on this connection. */
  get exchanges(): number {
    return this.begun
  }

  /**
   * Whether the response has switched protocols. The request half also switches when the request is complete.
   */
  get switched(): boolean {
    return this.responseNow === responseSwitched
  }

  /**
   * The reason why the connection will be closed; `undefined` as long as there is no reason. Later reasons do
   * not replace the first reason.
   */
  get closeReason(): CloseReason | undefined {
    return this.reason
  }

  /**
   * Whether the client still waits for 100 (Continue) before it sends the body of the oldest request (RFC
   * 9110 §10.1.1).
   */
  get expectsContinue(): boolean {
    return this.responseNow === responseHead && (this.oldest & Expects) !== 0
  }

  /**
   * Whether the next response may announce a persistent connection. `false` for the last response before the
   * connection is closed.
   */
  get keepAlive(): boolean {
    return this.owed > 1 || this.reason === undefined
  }

  /**
   * Reports a request head. The head is refused while a request is incomplete, after a close was announced,
   * and while the response to an upgrade or to CONNECT is due.
   */
  requestHead(facts: RequestFacts): ViolationOf<"ERR_HTTPFX_OUT_OF_ORDER"> | undefined {
    const next = requests.next.head[this.requestNow]!
    if (next === refused) return outOfOrder("request", this.request, "head")
    this.requestNow = next
    this.begun++
    const http10 = facts.versionMinor === 0
    this.enqueue((http10 ? Http10 : 0) | (facts.expectContinue ? Expects : 0))
    if (facts.method === "CONNECT") this.ask("connect")
    // A server ignores `Upgrade` in an HTTP/1.0 request (RFC 9110 §7.8).
    else if (facts.upgrade && !http10) this.ask("upgrade")
    if (!facts.keepAlive) this.note(http10 ? "Http10" : "RequestClose")
    this.settle()
    return undefined
  }

  /**
   * Reports that a server answers an invalid or late request with an error response, and then closes the
   * connection. The error response answers the incomplete request, if there is one. If no request is
   * incomplete, the error response counts as one more response that is due.
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

  /**
   * Reports the client's FIN, which is never refused. Responses that are due may still be sent (RFC 9112
   * §9.6).
   */
  requestEof(): undefined {
    this.requestNow = requests.next.eof[this.requestNow]!
    this.note(this.role === "server" ? "PeerEof" : "OwnEof")
    this.settle()
    return undefined
  }

  /**
   * Reports the head of a 1xx response other than 101. The head is refused if no response head is due, or if
   * the request was HTTP/1.0 (RFC 9110 §15.2).
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
   * Reports the head of a final response or of a 101. The head is refused if no response head is due. A 101
   * is also refused if the request did not ask for an upgrade.
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
    // No request may follow a request that asks for a protocol switch. So `asked` belongs to the only
    // outstanding exchange.
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
   * Reports the server's FIN. FIN completes a body that is framed by the end of the connection. All other
   * responses that are due are lost.
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
   * Forbids reuse of the connection, for this reason. Exchanges in flight may complete. The call does not add
   * `Connection: close` to a response. On a server, `mayKeepAlive` (in `connection/server`) decides about
   * this field when a head is encoded.
   */
  mustClose(reason: CloseReason): void {
    this.note(reason)
    this.settle()
  }

  /** Decides whether the connection is reused, closed or left as it is, in its current state. */
  after(): AfterExchange {
    if (this.responseNow === responseSwitched) return switchedOver
    const over = this.owed === 0 || this.responseNow === responseDone || this.responseNow === responseClosed
    // The argument `close` means that an incomplete request closes the connection. A driver that first reads
    // or sends the rest of the request calls `after` again when the request is complete.
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
