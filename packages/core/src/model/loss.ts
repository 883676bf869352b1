/**
 * Why an exchange ended before both of its messages were complete. `errors/fromLoss.ts` makes the classes.
 */
import type { Fault } from "./fault.js"
import type { Refusal } from "./refusal.js"
import type { Where } from "./where.js"

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
