/**
 * The connection and the network, as one direction of a memory connection sees them.
 */
import type { Passing } from "../Verdict.js"
import type { Found, Installed } from "../fault/rules.js"
import type { Wire } from "./conditions.js"

export interface Line {
  readonly wire: Wire
  readonly now: () => number
  /** A number in [0, 1) of the seed. */
  readonly draw: () => number
  readonly ask: (kind: Passing["kind"], offset: number, bytes: Uint8Array) => Found | undefined
  /** Resets the connection, so that both ends see it. */
  readonly reset: () => void
  /** Holds the other direction too. */
  readonly hold: (by: Installed) => void
  /** Goes on in a turn of its own. */
  readonly later: (f: () => void) => void
  /** Calls after so many ms; the result cancels. */
  readonly wait: (millis: number, f: () => void) => () => void
}
