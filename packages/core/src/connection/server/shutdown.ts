/**
 * The phases of a server's shutdown. The driver waits between the phases. docs/shutdown.md shows the
 * timeline.
 */
import type { ServerLife } from "./life.js"

export interface Phase {
  begin(): void
  /** Maximum duration of the phase, ms. */
  readonly time: number
  /** Name of the option that sets `time`. */
  readonly limit: string
  /** Describes the connections and handlers that the next phase ends. */
  readonly loses: (() => string) | undefined
}

/**
 * Returns the phases of a shutdown. The driver runs one phase after the other until no connection and no
 * handler is left (`life.whenEmptied`). If a connection or a handler is left after the last phase, the driver
 * calls `life.endAll`.
 *
 * `grace` is the time (ms) in which open connections may send further requests. `deadline` is the time (ms)
 * that handlers may run, and also the time that their interruption may take.
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
      // This phase is bounded too, because an uninterruptible handler may never end.
      time: deadline,
      limit: "gracefulShutdownTimeout once more",
      loses: life.lostByEnding
    }
  ]
  // Without a grace period there is no idle phase.
  return first === 0 ? rest : [idle, ...rest]
}

const nothing = () => {}
