/**
 * The body of an incoming message: the parser pushes slices into the body, and a reader takes them.
 *
 * Keeps views of the transport's chunks and copies only small slices (`slices.ts`). Above its limit, a body
 * asks its connection for backpressure. A body never closes its connection: the connection decides how to
 * treat an unread rest.
 */
import { Slices } from "./slices.js"

/** Default number of bytes that may wait unread: 64 KiB, the maximum of one socket read. */
export const lookAhead = 65_536

/** The flow control of the connection, as a body sees it. */
export interface BodyFlow {
  /** More bytes than the limit wait: pause the transport. */
  bodyFull(): void
  /** The reader has caught up: resume the transport. */
  bodyDrained(): void
  /** The body was read for the first time; this triggers `100 Continue`. */
  bodyWanted(): void
}

const noTrailers: ReadonlyArray<string> = []

/** `F` is the record that a body fails with. */
export class Body<F> {
  /** Body bytes received so far. */
  received = 0
  /** Field lines of the trailer section as a flat list; complete once `ended`. */
  rawTrailers: ReadonlyArray<string> = noTrailers

  private readonly slices = new Slices()
  private taken: (() => void) | undefined = undefined
  private state: "open" | "ended" | "failed" = "open"
  private failed: F | (() => F) | undefined = undefined
  /** Waiting readers. After every change, all of them are called; a reader that returns `true` is removed. */
  private readers: Array<() => boolean> = []
  /**
   * Number of readers that wait for the whole body. While there are any, the body asks for no backpressure.
   */
  private collecting = 0
  private collected: Uint8Array | undefined = undefined
  private reportedFull = false
  private asked = false

  /** `limit`: bytes that may wait unread before the peer meets backpressure. */
  constructor(
    private readonly flow: BodyFlow,
    private readonly limit = lookAhead
  ) {}

  get ended(): boolean {
    return this.state === "ended"
  }

  /** Bytes not read yet. */
  get waiting(): number {
    return this.slices.bytes
  }

  /** The whole body has arrived and been read. */
  get consumed(): boolean {
    return this.state === "ended" && this.waiting === 0
  }

  /** Reading has begun. */
  get wanted(): boolean {
    return this.asked
  }

  // ---- for the connection

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
   * Drops waiting and future bytes, and ends backpressure. Unless the body has ended, `failure` is required:
   * readers then fail with `failure()`, because they must not mistake a part of the body for the whole.
   */
  discard(failure?: () => F): void {
    this.slices.clear()
    this.emptied()
    if (failure !== undefined) this.failWith(failure)
  }

  /** Calls `read` once the waiting bytes have been read or dropped. Replaces an earlier callback. */
  whenRead(read: () => void): void {
    this.taken = read
  }

  // ---- for the reader

  /** Called when reading starts. Only the first call informs the connection. */
  want(): void {
    if (this.asked) return
    this.asked = true
    this.flow.bodyWanted()
  }

  /**
   * Takes the waiting slices. Returns `undefined` if there are none; `ended` and `failure` then show whether
   * more can arrive.
   */
  take(): ReadonlyArray<Uint8Array> | undefined {
    if (this.waiting === 0) return undefined
    const parts = this.slices.takeAll()
    this.emptied()
    return parts
  }

  /** The record that the body failed with; `undefined` if it has not failed. */
  get failure(): F | undefined {
    if (typeof this.failed === "function") this.failed = (this.failed as () => F)()
    return this.failed
  }

  /**
   * Takes the whole body as one array, or the rest that earlier readers have left. Returns `undefined` if the
   * body has not ended or has failed. If more than `limit` bytes wait (`undefined`: no limit), the body fails
   * with `tooLarge()`. The result is cached, so that all callers get the same bytes.
   */
  takeWhole(limit: number | undefined, tooLarge: () => F): Uint8Array | undefined {
    if (this.collected !== undefined) return this.collected
    if (limit !== undefined && this.waiting > limit) {
      // Reopen a body that has ended, so that it can fail: otherwise a later reader would find an empty body.
      if (this.state === "ended") this.state = "open"
      this.discard(tooLarge)
    }
    if (this.state !== "ended") return undefined
    this.collected = this.slices.takeJoined()
    this.emptied()
    return this.collected
  }

  /**
   * Calls `f` once `take` returns slices, or the body has ended or failed, possibly at once. The returned
   * function cancels the wait.
   */
  whenReadable(f: () => void): () => void {
    return this.watch(() => {
      const readable = this.waiting > 0 || this.state !== "open"
      if (readable) f()
      return readable
    })
  }

  /**
   * Calls `done` now and after every change until it returns `true`. The returned function cancels the watch.
   */
  watch(done: () => boolean): () => void {
    // Check at once: the state may have changed since the caller's last check, and may not change again.
    if (done()) return nothing
    this.readers.push(done)
    return () => {
      this.readers = this.readers.filter((other) => other !== done)
    }
  }

  /**
   * As `watch`, but for readers of the whole body: there is no backpressure until `done` returns `true` or
   * the watch is cancelled.
   */
  watchWhole(done: () => boolean): () => void {
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
      if (!done()) return false
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
    for (const done of readers) if (!done()) this.readers.push(done)
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
    if (this.reportedFull || this.collecting > 0 || this.state !== "open" || this.waiting <= this.limit)
      return
    this.reportedFull = true
    this.flow.bodyFull()
  }

  private release(): void {
    if (!this.reportedFull) return
    this.reportedFull = false
    this.flow.bodyDrained()
  }
}

const nothing = () => {}
