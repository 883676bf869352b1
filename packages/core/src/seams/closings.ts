/**
 * The interface for deadlines that limit the closing of a scope. Under a virtual clock that does not advance,
 * such a deadline may expire early.
 */
import type { Timers } from "./timers.js"

export interface Bound {
  /** A description of the wait and its length. */
  readonly name: string
  /**
   * Describes the work that would be aborted if the deadline expired now. Returns `undefined` if there is no
   * such work.
   */
  readonly loses?: (() => string | undefined) | undefined
}

export interface Closings {
  /**
   * Calls `f` at the deadline, given in ms of `timers.now()`. `forced` is `true` if the deadline expires
   * early. The returned function cancels the call.
   */
  at(timers: Timers, deadline: number, bound: Bound, f: (forced: boolean) => void): () => void
}
