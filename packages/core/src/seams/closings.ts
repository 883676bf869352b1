/**
 * Deadlines that limit the closing of a scope. They may expire early under a virtual clock that does not
 * advance.
 */
import type { Timers } from "./timers.js"

export interface Bound {
  /** Describes the wait and its length. */
  readonly name: string
  /**
   * Describes the work that would be aborted if the deadline expired now; `undefined` if there is no such
   * work.
   */
  readonly loses?: (() => string | undefined) | undefined
}

export interface Closings {
  /**
   * Calls `f` at the deadline (ms of these timers), or earlier with `forced`. The returned function cancels
   * the call.
   */
  at(timers: Timers, deadline: number, bound: Bound, f: (forced: boolean) => void): () => void
}
