/**
 * Deadlines for the closing of a scope. They may expire early under a virtual clock that does not advance.
 */
import type { Timers } from "./timers.js"

export interface Bound {
  /** Describes what is waited for, and for how long. */
  readonly name: string
  /** Describes what would be lost if it expired now; `undefined`: nothing. */
  readonly loses?: (() => string | undefined) | undefined
}

export interface Closings {
  /** Calls `f` at the deadline (ms of these timers), or early with `forced`. The result cancels. */
  at(timers: Timers, deadline: number, bound: Bound, f: (forced: boolean) => void): () => void
}
