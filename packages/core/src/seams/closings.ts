/**
 * Deadlines that bound the closing of a scope: they may expire early under a clock that nobody moves.
 */
import type { Timers } from "./timers.js"

export interface Bound {
  /** What waits, and for how long, in words. */
  readonly name: string
  /** What expiring now would cut off, in words; `undefined`: nothing. */
  readonly loses?: (() => string | undefined) | undefined
}

export interface Closings {
  /** Calls `f` at the deadline (ms of these timers) or early; `forced` means early. The result cancels. */
  at(timers: Timers, deadline: number, bound: Bound, f: (forced: boolean) => void): () => void
}
