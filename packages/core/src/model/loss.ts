/**
 * Losses, which are the reasons why an exchange ended before both messages were complete.
 * `errors/fromLoss.ts` converts losses to errors.
 */
import type { Fault } from "./fault.js"
import type { Refusal } from "./refusal.js"
import type { ViolationsOf } from "./violation.js"
import type { Where, Written } from "./where.js"

/**
 * The loss of an exchange whose peer sent FIN too early. Either the peer's message was incomplete, or the
 * peer had not received our whole message.
 */
export interface HangUp extends Where {
  readonly _tag: "HangUp"
  readonly reason: string
}

/**
 * The loss of an exchange whose connection our side reset or destroyed, or whose connection closed without a
 * fault.
 */
export interface Reset extends Where {
  readonly _tag: "Reset"
  readonly reason: string
}

/** The loss of an exchange whose transport failed. */
export interface Failed extends Where {
  readonly _tag: "Failed"
  readonly fault: Fault
}

/** The loss of an exchange because the parser refused the peer's bytes. */
export interface Refused {
  readonly _tag: "Refused"
  readonly refusal: Refusal
  /** Phase and progress of the exchange. Set only by clients. */
  readonly where?: Where | undefined
}

/** The loss of a server's exchange whose request exceeded a time limit. */
export interface Late {
  readonly _tag: "Late"
  readonly timeout: "headersTimeout" | "requestTimeout" | "progressTimeout"
  /** The limit that expired, ms. */
  readonly limit: number
  readonly address: string | undefined
  /** Number of bytes received on the connection. */
  readonly received: number
}

/**
 * The loss of a server's exchange whose client read too slowly (`progressTimeout`), or whose connection
 * transferred no bytes (`timeout`).
 */
export interface Stalled {
  readonly _tag: "Stalled"
  readonly timeout: "timeout" | "progressTimeout"
  /** The limit that expired, ms. */
  readonly limit: number
  readonly address: string | undefined
}

/** The failure of a body that exceeded its reader's limit. */
export interface TooLarge {
  readonly _tag: "TooLarge"
  /** The limit that was exceeded, in bytes. */
  readonly limit: number
}

/**
 * The failure of a request body that the server cannot read, because other code read it before the server
 * received the request.
 */
export interface AlreadyRead {
  readonly _tag: "AlreadyRead"
  /** The message of the error: the state of the body, and how to correct the program. */
  readonly reason: string
}

/** All losses of a server's exchange. */
export type Loss = HangUp | Reset | Failed | Refused | Late | Stalled

/** Losses that the server itself answers with an error response, if a response is still possible. */
export type Rejection = Refused | Late

/** Returns the status of the response to a rejected request. */
export const statusOf = (rejection: Rejection): number =>
  rejection._tag === "Refused" ? rejection.refusal.status : 408

// ---- losses of clients

/** The steps of a client's request, in order. Every step can have a time limit. */
export type Step = "queue" | "resolve" | "connect" | "secure" | "send" | "head" | "body"

/** The limits that span several steps: one attempt, or the whole call with all its attempts (`total`). */
export type Span = "attempt" | "total"

/**
 * The violation for a response that is not legal in the current state of the connection (`wire/automaton`).
 */
export type PeerStep = ViolationsOf<"ERR_HTTPFX_OUT_OF_ORDER" | "ERR_HTTPFX_UPGRADE_NOT_ASKED">

/**
 * The loss of a client's exchange because the response is not legal for its request. The automaton in
 * `wire/automaton` decides which responses are legal.
 */
export interface OutOfStep {
  readonly _tag: "OutOfStep"
  readonly violation: PeerStep
  readonly where: Where
}

/** The loss of a client's exchange because a time limit of the request has expired. */
export interface TimedOut {
  readonly _tag: "TimedOut"
  /** The name of the limit that expired. */
  readonly passed: Step | Span
  /** The step of the request at the time of expiry. */
  readonly step: Step
  /** The limit that expired, ms. */
  readonly limit: number
  readonly address: string | undefined
  readonly reused: boolean
  readonly written: Written
  readonly received: number
}

/** The loss of a client's exchange because our side aborted the exchange. */
export interface GivenUp extends Where {
  readonly _tag: "GivenUp"
  readonly code: string
  readonly reason: string
  readonly cause?: unknown
}

/**
 * The loss of a request because no connection could be established. `error` is the error of the failed
 * attempt to connect.
 */
export interface NotConnected {
  readonly _tag: "NotConnected"
  readonly error: unknown
}

/**
 * The loss of a request because a function or a stream of the caller failed. `cause` is the failure in the
 * driver's form (for Effect, a `Cause`).
 */
export interface Thrown {
  readonly _tag: "Thrown"
  readonly cause: unknown
}

/** The losses that a client's connection reports for its exchange. */
export type ResponseLoss = HangUp | Failed | Refused | TimedOut | GivenUp

/** All reasons why a request ends without a response. */
export type RequestLoss = ResponseLoss | OutOfStep | NotConnected | Thrown
