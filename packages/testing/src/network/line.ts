/**
 * The connection and its network, as seen by one direction.
 */
import type { Passing } from "../Verdict.js"
import type { Found, Installed } from "../fault/rules.js"
import type { Wire } from "./conditions.js"

export interface Line {
  readonly wire: Wire
  readonly now: () => number
  /** Draws a number in [0, 1) from the seed. */
  readonly draw: () => number
  readonly ask: (kind: Passing["kind"], offset: number, bytes: Uint8Array) => Found | undefined
  /** Resets the connection for both ends. */
  readonly reset: () => void
  /** Holds the other direction too. */
  readonly hold: (by: Installed) => void
  /** Calls in a later turn. */
  readonly later: (f: () => void) => void
  /** Calls after so many ms; the result cancels. */
  readonly wait: (millis: number, f: () => void) => () => void
}
