/**
 * The phases of a server's shutdown; drivers wait between them. docs/shutdown.md shows the timeline.
 */
import type { ServerLife } from "./life.js"

export interface Phase {
  begin(): void
  /** Maximum duration of the phase, ms. */
  readonly time: number
  /** The option that sets it. */
  readonly limit: string
  /** Describes what the next phase ends. */
  readonly loses: (() => string) | undefined
}

/**
 * Phases to go through until nothing is left (`life.whenEmptied`). If something is left after the last one,
 * `life.endAll` ends it.
 *
 * `grace`: how long open connections may send further requests. `deadline`: how long handlers may run, and
 * then again how long their interruption may take. Milliseconds.
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
      // Also bounded: a handler that refuses interruption may never end.
      time: deadline,
      limit: "gracefulShutdownTimeout once more",
      loses: life.lostByEnding
    }
  ]
  // Without a grace period there is no idle phase.
  return first === 0 ? rest : [idle, ...rest]
}

const nothing = () => {}
