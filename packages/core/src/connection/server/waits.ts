/**
 * Waiting times and byte counts of one server connection, as input for `wire/automaton/deadlines`.
 *
 * Counting costs one addition per read and write, and the waiting times are computed only when the deadlines
 * are checked. This module never sets a timer or ends a connection.
 */
import {
  judge,
  progress,
  type DeadlinePolicy,
  type Late,
  type Progress,
  type Waiting
} from "../../wire/index.js"

/** State of the connection at the time of a check. */
export interface Moment {
  readonly headComplete: boolean
  /** Whether the body of the request in flight is being read. */
  readonly reading: boolean
  /** Number of bytes sent. */
  readonly sent: number
  /** Whether output waits for the client to read. */
  readonly writing: boolean
  /** Whether reading is paused, so that FIN and RST cannot be noticed. */
  readonly holding: boolean
}

export class Waits implements Waiting {
  headComplete = false
  lastActivity: number
  receiving: Progress | undefined = undefined
  sending: Progress | undefined = undefined
  holding: Progress | undefined = undefined
  /** Number of bytes received. */
  received = 0
  private movedBefore = 0
  /** Whether the connection still waits for its first request. */
  private fresh = true

  /** `begun` is the time (ms) at which the connection opened and its wait for the first request began. */
  constructor(public begun: number) {
    this.lastActivity = begun
  }

  /** Records the start of a request. Only the first call for a request counts. */
  requestBegun(now: number): void {
    if (!this.fresh && this.begun >= 0) return
    this.fresh = false
    this.begun = now
  }

  requestComplete(): void {
    this.fresh = false
    this.begun = -1
  }

  judge(now: number, policy: DeadlinePolicy, moment: Moment): Late | number {
    const { sent } = moment
    this.headComplete = moment.headComplete
    this.receiving = moment.reading ? progress(this.receiving, this.received, now, policy) : undefined
    this.sending = moment.writing ? progress(this.sending, sent, now, policy) : undefined
    this.holding = moment.holding ? (this.holding ?? { since: now, moved: 0 }) : undefined
    // Only this check detects progress, so bytes transferred since the last check count as transferred now.
    const moved = this.received + sent
    if (moved !== this.movedBefore) {
      this.movedBefore = moved
      this.lastActivity = now
    }
    return judge(this, policy, now)
  }
}
