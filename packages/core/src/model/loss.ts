/**
 * Losses: the reasons why an exchange ended before both messages were complete. `errors/fromLoss.ts` creates
 * their error classes.
 */
import type { Fault } from "./fault.js"
import type { Refusal } from "./refusal.js"
import type { ViolationsOf } from "./violation.js"
import type { Where, Written } from "./where.js"

/** The peer sent FIN too early. */
export interface HangUp extends Where {
  readonly _tag: "HangUp"
  readonly reason: string
}

/** Our side reset or destroyed the connection, or it closed without a fault. */
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
  /** Client only: where in the exchange. */
  readonly where?: Where | undefined
}

/** A request exceeded its time limit. */
export interface Late {
  readonly _tag: "Late"
  readonly timeout: "headersTimeout" | "requestTimeout" | "progressTimeout"
  /** Milliseconds. */
  readonly limit: number
  readonly address: string | undefined
  /** Bytes of the connection received. */
  readonly received: number
}

/** A client read its response too slowly, or its connection made no progress. */
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

/** Refused requests, to which the server itself responds if it still can. */
export type Rejection = Refused | Late

/** The status of that response. */
export const statusOf = (rejection: Rejection): number =>
  rejection._tag === "Refused" ? rejection.refusal.status : 408

// ---- for clients

/** Steps of a client's request, in order, each with a time limit. */
export type Step = "queue" | "resolve" | "connect" | "secure" | "send" | "head" | "body"

/** A response that the automaton refuses, because the response is not legal in this state. */
export type PeerStep = ViolationsOf<"ERR_HTTPFX_OUT_OF_ORDER" | "ERR_HTTPFX_UPGRADE_NOT_ASKED">

/** The response is not legal for this request. */
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
  /** The step at that time. */
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

/** No connection could be established: the error of the connector. */
export interface NotConnected {
  readonly _tag: "NotConnected"
  readonly error: unknown
}

/** A function or a stream of the caller failed, with the driver's failure value. */
export interface Thrown {
  readonly _tag: "Thrown"
  readonly cause: unknown
}

/** Losses of a client's exchange on its connection. */
export type ResponseLoss = HangUp | Failed | Refused | TimedOut | GivenUp

/** All reasons why a request ends without a response. */
export type RequestLoss = ResponseLoss | OutOfStep | NotConnected | Thrown
