/**
 * The phases in which a server that drains comes to its end; drivers wait between them. docs/shutdown.md
 * shows the timeline.
 */
import type { ServerLife } from "./life.js"

export interface Phase {
  begin(): void
  /** Until when all should be over: ms from the beginning of the phase. */
  readonly time: number
  /** The option that sets it. */
  readonly limit: string
  /** What is cut off after it, in words. */
  readonly loses: (() => string) | undefined
}

/**
 * To be gone through until nothing is left (`life.whenEmptied`). If something is after the last,
 * `life.endAll` ends it.
 *
 * `grace`: how long open connections may send further requests. `deadline`: how long handlers may go on, and
 * once more how long they may take to end. Milliseconds.
 */
export const phasesOf = (life: ServerLife, grace: number, deadline: number): ReadonlyArray<Phase> => {
  const first = Math.min(grace, deadline)
  const idle: Phase = { begin: nothing, time: first, limit: "idleConnectionGrace", loses: undefined }
  const rest: ReadonlyArray<Phase> = [
    {
      begin: () => life.endIdle(),
      time: deadline - first,
      limit: "gracefulShutdownTimeout",
      loses: life.lostByInterrupting
    },
    {
      begin: () => life.interruptAll(),
      // Bounded as well: a handler that refuses interruption may not end.
      time: deadline,
      limit: "gracefulShutdownTimeout once more",
      loses: life.lostByEnding
    }
  ]
  // Without a grace there is no wait either.
  return first === 0 ? rest : [idle, ...rest]
}

const nothing = () => {}
