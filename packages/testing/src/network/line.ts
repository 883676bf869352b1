/** The functions that one direction of a connection calls on the connection and on the network. */
import type { Passing } from "../Verdict.js"
import type { Found, Installed } from "../fault/rules.js"
import type { Wire } from "./conditions.js"

export interface Line {
  readonly wire: Wire
  readonly now: () => number
  /** Draws a number in [0, 1) from the seed. */
  readonly draw: () => number
  readonly ask: (kind: Passing["kind"], offset: number, bytes: Uint8Array) => Found | undefined
  /** Resets the connection at both ends. */
  readonly reset: () => void
  /** Withholds all events in both directions until the rule is removed. */
  readonly hold: (by: Installed) => void
  /** Calls `f` in a later turn. */
  readonly later: (f: () => void) => void
  /** Calls `f` after this many milliseconds. The returned function cancels the call. */
  readonly wait: (millis: number, f: () => void) => () => void
}
