/**
 * The body of a message that is arriving: the parser pushes slices in, one reader takes them out.
 *
 * Keeps views of the transport's chunks and copies only small ones (`slices.ts`). Beyond the limit it asks
 * its connection for backpressure. It never closes anything: the connection decides what an unread rest
 * means.
 */
import { Slices } from "./slices.js"

/** Default number of bytes that may wait unread: 64 KiB, the most that one read of a socket brings. */
export const lookAhead = 65_536

/** The side of the connection that a body steers. */
export interface BodyFlow {
  /** More than the limit waits: stop reading the transport. */
  bodyFull(): void
  /** The reader has caught up: go on reading. */
  bodyDrained(): void
  /** The reader asked for the first time (where `100 Continue` is decided). */
  bodyWanted(): void
}

const noTrailers: ReadonlyArray<string> = []

/** `F` is the record that a body fails with. */
export class Body<F> {
  /** Body bytes that have arrived so far. */
  received = 0
  /** Field lines after a chunked body, flat; complete once `ended`. */
  rawTrailers: ReadonlyArray<string> = noTrailers

  private readonly slices = new Slices()
  private taken: (() => void) | undefined = undefined
  private state: "open" | "ended" | "failed" = "open"
  private failed: F | (() => F) | undefined = undefined
  /** Waiting readers. Each looks again after every change, until it returns `true`. */
  private readers: Array<() => boolean> = []
  /** Readers that wait for the whole body: no backpressure before its end. */
  private collecting = 0
  private collected: Uint8Array | undefined = undefined
  private held = false
  private asked = false

  /** `limit`: bytes that may wait unread before the peer meets backpressure. */
  constructor(
    private readonly flow: BodyFlow,
    private readonly limit = lookAhead
  ) {}

  get ended(): boolean {
    return this.state === "ended"
  }

  /** Bytes that nobody has read. */
  get waiting(): number {
    return this.slices.bytes
  }

  /** All of it has arrived and been read. */
  get consumed(): boolean {
    return this.state === "ended" && this.waiting === 0
  }

  /** Somebody has read, or begun to. */
  get wanted(): boolean {
    return this.asked
  }

  // ---- the connection's side

  push(slice: Uint8Array): void {
    this.received += slice.length
    if (this.state !== "open") return
    this.slices.push(slice)
    this.wake()
    this.holdBack()
  }

  end(rawTrailers: ReadonlyArray<string>): void {
    if (this.state !== "open") return
    this.state = "ended"
    this.rawTrailers = rawTrailers
    this.wake()
  }

  fail(failure: F): void {
    this.failWith(failure)
  }

  /**
   * Drops what waits and what still comes, and releases the backpressure. A reader of a body that had not
   * ended fails with `failure()`, so it never takes a part for the whole. Required unless the body has ended.
   */
  discard(failure?: () => F): void {
    this.slices.clear()
    this.emptied()
    if (failure !== undefined) this.failWith(failure)
  }

  /** Calls once the waiting bytes have been read or dropped; replaces an earlier callback. */
  whenRead(read: () => void): void {
    this.taken = read
  }

  // ---- the reader's side

  /** Tells the connection that somebody reads. */
  want(): void {
    if (this.asked) return
    this.asked = true
    this.flow.bodyWanted()
  }

  /** The slices that wait. `undefined`: none do; then `ended` and `failure` say whether more can come. */
  take(): ReadonlyArray<Uint8Array> | undefined {
    if (this.waiting === 0) return undefined
    const parts = this.slices.takeAll()
    this.emptied()
    return parts
  }

  /** Why the body failed. `undefined`: it has not. */
  get failure(): F | undefined {
    if (typeof this.failed === "function") this.failed = (this.failed as () => F)()
    return this.failed
  }

  /**
   * The whole body in one piece, or the rest that earlier readers left. `undefined`: it has not ended, or has
   * failed. More than `limit` bytes (`undefined`: no limit) fail it with `tooLarge()`. Kept, so that all
   * readers get the same.
   */
  takeWhole(limit: number | undefined, tooLarge: () => F): Uint8Array | undefined {
    if (this.collected !== undefined) return this.collected
    if (limit !== undefined && this.waiting > limit) {
      // A body that has ended fails too: no later reader may take it for an empty one.
      if (this.state === "ended") this.state = "open"
      this.discard(tooLarge)
    }
    if (this.state !== "ended") return undefined
    this.collected = this.slices.takeJoined()
    this.emptied()
    return this.collected
  }

  /**
   * Calls `f` once `take` gives slices, or the body has ended or failed; possibly at once. The result
   * cancels.
   */
  whenReadable(f: () => void): () => void {
    return this.watch(() => {
      const readable = this.waiting > 0 || this.state !== "open"
      if (readable) f()
      return readable
    })
  }

  /** Calls `look` now and after every change until it returns `true`. The result cancels. */
  watch(look: () => boolean): () => void {
    // The reader may have paused since it looked last, and nothing more need come.
    if (look()) return nothing
    this.readers.push(look)
    return () => {
      this.readers = this.readers.filter((other) => other !== look)
    }
  }

  /**
   * As `watch`, without backpressure until `look` returns `true` or the watch is cancelled: for readers of
   * the whole.
   */
  watchWhole(look: () => boolean): () => void {
    let over = false
    const leave = () => {
      if (over) return
      over = true
      this.collecting--
      this.holdBack()
    }
    this.collecting++
    this.release()
    const forget = this.watch(() => {
      if (!look()) return false
      leave()
      return true
    })
    return () => {
      forget()
      leave()
    }
  }

  private wake(): void {
    const readers = this.readers
    if (readers.length === 0) return
    this.readers = []
    for (const look of readers) if (!look()) this.readers.push(look)
  }

  private failWith(failure: F | (() => F)): void {
    if (this.state !== "open") return
    this.state = "failed"
    this.failed = failure
    this.wake()
  }

  private emptied(): void {
    this.release()
    const { taken } = this
    if (taken === undefined) return
    this.taken = undefined
    taken()
  }

  private holdBack(): void {
    if (this.held || this.collecting > 0 || this.state !== "open" || this.waiting <= this.limit) return
    this.held = true
    this.flow.bodyFull()
  }

  private release(): void {
    if (!this.held) return
    this.held = false
    this.flow.bodyDrained()
  }
}

const nothing = () => {}
