/**
 * Losses, which are the reasons why an exchange ended before both messages were complete.
 * `errors/fromLoss.ts` converts them to errors.
 */
import type { Fault } from "./fault.js"
import type { Refusal } from "./refusal.js"
import type { ViolationsOf } from "./violation.js"
import type { Where, Written } from "./where.js"

/** The peer sent FIN before its message was complete, or before it had received ours. */
export interface HangUp extends Where {
  readonly _tag: "HangUp"
  readonly reason: string
}

/** Our side reset or destroyed the connection, or the connection closed without a fault. */
export interface Reset extends Where {
  readonly _tag: "Reset"
  readonly reason: string
}

/** The transport failed. */
export interface Failed extends Where {
  readonly _tag: "Failed"
  readonly fault: Fault
}

/** The parser refused the peer's bytes. */
export interface Refused {
  readonly _tag: "Refused"
  readonly refusal: Refusal
  /** Client only: position and progress of the exchange. */
  readonly where?: Where | undefined
}

/** A request exceeded its time limit. */
export interface Late {
  readonly _tag: "Late"
  readonly timeout: "headersTimeout" | "requestTimeout" | "progressTimeout"
  /** Milliseconds. */
  readonly limit: number
  readonly address: string | undefined
  /** Bytes received on the connection. */
  readonly received: number
}

/** A client read the response too slowly, or no bytes were transferred for the time of the limit. */
export interface Stalled {
  readonly _tag: "Stalled"
  readonly timeout: "timeout" | "progressTimeout"
  /** Milliseconds. */
  readonly limit: number
  readonly address: string | undefined
}

/** A body exceeded its reader's limit. */
export interface TooLarge {
  readonly _tag: "TooLarge"
  /** Bytes. */
  readonly limit: number
}

/** Losses of a server's exchange. */
export type Loss = HangUp | Reset | Failed | Refused | Late | Stalled

/** Losses to which the server itself responds, if a response is still possible. */
export type Rejection = Refused | Late

/** Returns the status of the response to a rejected request. */
export const statusOf = (rejection: Rejection): number =>
  rejection._tag === "Refused" ? rejection.refusal.status : 408

// ---- for clients

/** Steps of a client's request, in order. Every step can have a time limit. */
export type Step = "queue" | "resolve" | "connect" | "secure" | "send" | "head" | "body"

/** The violation of a response that is not legal in the current state of the automaton. */
export type PeerStep = ViolationsOf<"ERR_HTTPFX_OUT_OF_ORDER" | "ERR_HTTPFX_UPGRADE_NOT_ASKED">

/** The response is not legal for this request, so the automaton refused it. */
export interface OutOfStep {
  readonly _tag: "OutOfStep"
  readonly violation: PeerStep
  readonly where: Where
}

/** A time limit of the request has expired. */
export interface TimedOut {
  readonly _tag: "TimedOut"
  /** The limit that expired. */
  readonly passed: Step | "total"
  /** The step at the time of expiry. */
  readonly step: Step
  /** Milliseconds. */
  readonly limit: number
  readonly address: string | undefined
  readonly reused: boolean
  readonly written: Written
  readonly received: number
}

/** Our side aborted the exchange. */
export interface GivenUp extends Where {
  readonly _tag: "GivenUp"
  readonly code: string
  readonly reason: string
  readonly cause?: unknown
}

/** No connection could be established. `error` is the connector's error. */
export interface NotConnected {
  readonly _tag: "NotConnected"
  readonly error: unknown
}

/** A function or a stream of the caller failed. `cause` is the driver's failure value. */
export interface Thrown {
  readonly _tag: "Thrown"
  readonly cause: unknown
}

/** Losses of a client's exchange on its connection. */
export type ResponseLoss = HangUp | Failed | Refused | TimedOut | GivenUp

/** All reasons why a request ends without a response. */
export type RequestLoss = ResponseLoss | OutOfStep | NotConnected | Thrown
