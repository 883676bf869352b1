/**
 * What one connection of a server waits for, in the terms of `wire/automaton/deadlines`: since when, and how
 * many bytes have moved.
 *
 * Counting costs an addition per read and write; everything else is looked up when the connection is held
 * against its deadlines. Sets no timer and ends nothing.
 */
import {
  judge,
  progress,
  type DeadlinePolicy,
  type Late,
  type Progress,
  type Waiting
} from "../../wire/index.js"

/** What is looked at besides. */
export interface Moment {
  readonly headComplete: boolean
  /** The body of a request under way is being read. */
  readonly reading: boolean
  /** Bytes that have left. */
  readonly sent: number
  /** Output waits for the peer. */
  readonly writing: boolean
  /** Nothing is read, so that the peer's end would not be seen. */
  readonly holding: boolean
}

export class Waits implements Waiting {
  headComplete = false
  lastActivity: number
  receiving: Progress | undefined = undefined
  sending: Progress | undefined = undefined
  holding: Progress | undefined = undefined
  /** Bytes that came. */
  received = 0
  private movedBefore = 0
  /** No request has begun yet. */
  private fresh = true

  /**
   * `begun`: when the connection was opened, ms: what is waited for from then on is the first byte of a
   * request.
   */
  constructor(public begun: number) {
    this.lastActivity = begun
  }

  /** Part of a request has come, and the rest has not. */
  requestBegun(now: number): void {
    if (!this.fresh && this.begun >= 0) return
    this.fresh = false
    this.begun = now
  }

  requestComplete(): void {
    this.fresh = false
    this.begun = -1
  }

  look(now: number, policy: DeadlinePolicy, moment: Moment): Late | number {
    const { sent } = moment
    this.headComplete = moment.headComplete
    this.receiving = moment.reading ? progress(this.receiving, this.received, now, policy) : undefined
    this.sending = moment.writing ? progress(this.sending, sent, now, policy) : undefined
    this.holding = moment.holding ? (this.holding ?? { since: now, moved: 0 }) : undefined
    // Seen only when it is looked: what moved since the last look counts as having moved now.
    const moved = this.received + sent
    if (moved !== this.movedBefore) {
      this.movedBefore = moved
      this.lastActivity = now
    }
    return judge(this, policy, now)
  }
}
