/**
 * The body of an incoming message. The parser pushes slices of bytes into the body, and a reader takes the
 * slices.
 *
 * A body keeps views of the transport's chunks, and copies only small slices (`slices.ts`). When more bytes
 * than its limit wait, a body asks its connection for backpressure. A body never closes its connection,
 * because the connection decides how to treat an unread rest.
 */
import { Slices } from "./slices.js"

/** Default number of bytes that may wait unread: 64 KiB, as much as one ordinary socket read returns. */
export const lookAhead = 65_536

/** The flow control of a connection, which a body calls while its bytes arrive and are read. */
export interface BodyFlow {
  /** Pauses the transport, because more bytes than the limit wait. */
  bodyFull(): void
  /** Resumes the transport, because the reader has caught up. */
  bodyDrained(): void
  /**
   * Called when reading of the body begins. If the client waits for 100 (Continue), the server then sends
   * 100.
   */
  bodyWanted(): void
}

const noTrailers: ReadonlyArray<string> = []

/** An incoming body. `F` is the type of the record with which the body fails. */
export class Body<F> {
  /** Number of body bytes received so far. */
  received = 0
  /** Field lines of the trailer section as a flat list of names and values, set when the body ends. */
  rawTrailers: ReadonlyArray<string> = noTrailers

  private readonly slices = new Slices()
  private taken: (() => void) | undefined = undefined
  private state: "open" | "ended" | "failed" = "open"
  private failed: F | (() => F) | undefined = undefined
  /**
   * Callbacks of the waiting readers. Each callback is called after every change of the body, until it
   * returns `true`.
   */
  private readers: Array<() => boolean> = []
  /**
   * Number of readers that wait for the whole body. While there is such a reader, the body asks for no
   * backpressure.
   */
  private collecting = 0
  private collected: Uint8Array | undefined = undefined
  private reportedFull = false
  private asked = false

  /** `limit` is the number of bytes that may wait unread before the peer meets backpressure. */
  constructor(
    private readonly flow: BodyFlow,
    private readonly limit = lookAhead
  ) {}

  get ended(): boolean {
    return this.state === "ended"
  }

  /** Number of bytes that were received and not read yet. */
  get waiting(): number {
    return this.slices.bytes
  }

  /** Whether the whole body has arrived and been read. */
  get consumed(): boolean {
    return this.state === "ended" && this.waiting === 0
  }

  /** Whether reading has begun. */
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
   * Drops waiting and future bytes, and ends backpressure. For an incomplete body, the caller must pass
   * `failure`. The readers then fail with `failure()`, and do not mistake a part of the body for the whole.
   */
  discard(failure?: () => F): void {
    this.slices.clear()
    this.emptied()
    if (failure !== undefined) this.failWith(failure)
  }

  /** Calls `read` when all waiting bytes have been read or dropped. Replaces an earlier callback. */
  whenRead(read: () => void): void {
    this.taken = read
  }

  // ---- for the reader

  /** Informs the connection that reading begins. Further calls do nothing. */
  want(): void {
    if (this.asked) return
    this.asked = true
    this.flow.bodyWanted()
  }

  /**
   * Takes the waiting slices, or returns `undefined` if no bytes wait. After `undefined`, `ended` and
   * `failure` show whether more bytes can arrive.
   */
  take(): ReadonlyArray<Uint8Array> | undefined {
    if (this.waiting === 0) return undefined
    const parts = this.slices.takeAll()
    this.emptied()
    return parts
  }

  /** The record with which the body has failed; `undefined` if the body has not failed. */
  get failure(): F | undefined {
    if (typeof this.failed === "function") this.failed = (this.failed as () => F)()
    return this.failed
  }

  /**
   * Takes the whole body as one array, or the rest that earlier readers have left. Returns `undefined` if the
   * body has not ended or has failed. If more than `limit` bytes wait (`undefined` means no limit), the body
   * fails with `tooLarge()`. The result is cached, so that all callers get the same bytes.
   */
  takeWhole(limit: number | undefined, tooLarge: () => F): Uint8Array | undefined {
    if (this.collected !== undefined) return this.collected
    if (limit !== undefined && this.waiting > limit) {
      // Reopen a body that has ended, because only an open body can fail. A later reader would otherwise find
      // an empty body.
      if (this.state === "ended") this.state = "open"
      this.discard(tooLarge)
    }
    if (this.state !== "ended") return undefined
    this.collected = this.slices.takeJoined()
    this.emptied()
    return this.collected
  }

  /**
   * Calls `f` when slices wait or the body has ended or failed, possibly immediately. The returned function
   * cancels the wait.
   */
  whenReadable(f: () => void): () => void {
    return this.watch(() => {
      const readable = this.waiting > 0 || this.state !== "open"
      if (readable) f()
      return readable
    })
  }

  /**
   * Calls `done` now and after every change of the body, until `done` returns `true`. The returned function
   * cancels the watch.
   */
  watch(done: () => boolean): () => void {
    // Check at once, because the state may have changed since the caller's last check and may never change
    // again.
    if (done()) return nothing
    this.readers.push(done)
    return () => {
      this.readers = this.readers.filter((other) => other !== done)
    }
  }

  /**
   * Calls `done` as `watch` does, for a reader of the whole body. The body asks for no backpressure until
   * `done` returns `true` or the watch is cancelled.
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
