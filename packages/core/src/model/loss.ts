/**
 * Why an exchange ended before both of its messages were complete. `errors/fromLoss.ts` makes the classes.
 */
import type { Fault } from "./fault.js"
import type { Refusal } from "./refusal.js"
import type { ViolationsOf } from "./violation.js"
import type { Where, Written } from "./where.js"

/** The peer closed its side (FIN) too early. */
export interface HangUp extends Where {
  readonly _tag: "HangUp"
  readonly reason: string
}

/** The connection was reset or destroyed by us, or closed without a fault. */
export interface Reset extends Where {
  readonly _tag: "Reset"
  readonly reason: string
}

/** The transport failed. */
export interface Failed extends Where {
  readonly _tag: "Failed"
  readonly fault: Fault
}

/** The peer sent what is not HTTP/1.1. */
export interface Refused {
  readonly _tag: "Refused"
  readonly refusal: Refusal
  /** Client: the exchange. */
  readonly where?: Where | undefined
}

/** A request did not arrive in time. */
export interface Late {
  readonly _tag: "Late"
  readonly timeout: "headersTimeout" | "requestTimeout" | "progressTimeout"
  /** Milliseconds. */
  readonly limit: number
  readonly address: string | undefined
  /** Bytes of the connection that had arrived. */
  readonly received: number
}

/** A client took its response too slowly, or nothing moved on its connection. */
export interface Stalled {
  readonly _tag: "Stalled"
  readonly timeout: "timeout" | "progressTimeout"
  /** Milliseconds. */
  readonly limit: number
  readonly address: string | undefined
}

/** A body was longer than its reader allows. */
export interface TooLarge {
  readonly _tag: "TooLarge"
  /** Bytes. */
  readonly limit: number
}

/** What can end an exchange of a server early. */
export type Loss = HangUp | Reset | Failed | Refused | Late | Stalled

/** What a server answers by itself, if it still can. */
export type Rejection = Refused | Late

/** The status of that answer. */
export const statusOf = (rejection: Rejection): number =>
  rejection._tag === "Refused" ? rejection.refusal.status : 408

// ---- of a client

/** The waits of a client's request, in their order. */
export type Step = "queue" | "resolve" | "connect" | "secure" | "send" | "head" | "body"

/** A step that the automaton does not have: the peer's, or one that its response did not leave. */
export type PeerStep = ViolationsOf<"ERR_HTTPFX_OUT_OF_ORDER" | "ERR_HTTPFX_UPGRADE_NOT_ASKED">

/** The peer's response is not one to this request. */
export interface OutOfStep {
  readonly _tag: "OutOfStep"
  readonly violation: PeerStep
  readonly where: Where
}

/** A limit of the request has passed. */
export interface TimedOut {
  readonly _tag: "TimedOut"
  /** Which limit. */
  readonly passed: Step | "total"
  /** What was being waited for. */
  readonly step: Step
  /** Milliseconds. */
  readonly limit: number
  readonly address: string | undefined
  readonly reused: boolean
  readonly written: Written
  readonly received: number
}

/** Our side gave the exchange up. */
export interface GivenUp extends Where {
  readonly _tag: "GivenUp"
  readonly code: string
  readonly reason: string
  readonly cause?: unknown
}

/** There is no connection: the error of what makes connections. */
export interface NotConnected {
  readonly _tag: "NotConnected"
  readonly error: unknown
}

/** A function or a stream of the caller failed: the failure as the driver has it. */
export interface Thrown {
  readonly _tag: "Thrown"
  readonly cause: unknown
}

/** What can end an established exchange of a client early. */
export type ResponseLoss = HangUp | Failed | Refused | TimedOut | GivenUp

/** What can end a request without a response. */
export type RequestLoss = ResponseLoss | OutOfStep | NotConnected | Thrown
