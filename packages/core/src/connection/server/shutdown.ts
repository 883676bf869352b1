/**
 * The phases of a server's shutdown; drivers wait between them. docs/shutdown.md shows the timeline.
 */
import type { ServerLife } from "./life.js"

export interface Phase {
  begin(): void
  /** Maximum duration of the phase, ms. */
  readonly time: number
  /** The option that sets `time`. */
  readonly limit: string
  /** Describes the connections and handlers that the next phase ends. */
  readonly loses: (() => string) | undefined
}

/**
 * Returns the phases of a shutdown. The driver goes through them until no connection and no handler is left
 * (`life.whenEmptied`). If some are left after the last phase, the driver calls `life.endAll`.
 *
 * `grace`: how long open connections may send further requests, ms. `deadline`: how long handlers may run,
 * and then again how long their interruption may take, ms.
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
