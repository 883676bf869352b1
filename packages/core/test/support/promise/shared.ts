/**
 * Functions that the promise server and the promise client share: request bodies, response bodies, and the
 * abort of waits.
 */
import type { Body } from "../../../src/connection/transfer/body.js"
import type { Timers } from "../../../src/seams/timers.js"
import { messageOf, Pace, type Violation } from "../../../src/wire/index.js"

/**
 * Field lines as a flat list (name, value, name, value, ...), with the order, case and repetitions of the
 * message.
 */
export type Fields = ReadonlyArray<string>

export type Outgoing = Uint8Array | AsyncIterable<Uint8Array>

/** A loss record as an error. */
export class Lost extends Error {
  constructor(readonly loss: { readonly _tag: string }) {
    super("reason" in loss ? String(loss.reason) : loss._tag)
  }
}

/** Throws the result if it is a violation, and returns it otherwise. */
export const accepted = <A>(result: A | Violation): Exclude<A, Violation> => {
  if (isViolation(result)) throw Object.assign(new TypeError(messageOf(result)), { code: result.code })
  return result as Exclude<A, Violation>
}

const isViolation = (result: unknown): result is Violation =>
  typeof result === "object" && result !== null && "_tag" in result && result._tag === "Violation"

/** An `AbortSignal`, and waits that an abort ends. */
export class Abort {
  private readonly controller = new AbortController()
  private giveUp: (reason: Error) => void = () => {}

  get signal(): AbortSignal {
    return this.controller.signal
  }

  abort(reason: Error): void {
    this.controller.abort(reason)
    this.giveUp(reason)
  }

  /** Waits for `waited` or for the abort. Only one wait is possible at a time. */
  orAborted<A>(waited: Promise<A>): Promise<A> {
    return new Promise((resolve, reject) => {
      if (this.signal.aborted) reject(this.signal.reason)
      this.giveUp = reject
      waited.then(resolve, reject)
    })
  }
}

/** Reads an incoming body. */
export async function* piecesOf(
  body: Body<{ readonly _tag: string }> | undefined
): AsyncGenerator<Uint8Array, void> {
  if (body === undefined) return
  // If the client waits for 100 (Continue), a server sends the 100 now.
  body.want()
  for (;;) {
    // `take` ends the backpressure, but no more slices are taken until these have been consumed.
    const slices = body.take()
    if (slices !== undefined) yield* slices
    else if (body.ended) return
    else if (body.failure !== undefined) throw new Lost(body.failure)
    else await new Promise<void>((resume) => body.whenReadable(resume))
  }
}

/** Returns an iterator over the parts of an outgoing body. */
export const sourceOf = (body: Outgoing | undefined): AsyncIterator<Uint8Array> =>
  body === undefined || body instanceof Uint8Array ? wholly(body) : body[Symbol.asyncIterator]()

async function* wholly(body: Uint8Array | undefined): AsyncGenerator<Uint8Array, void> {
  if (body !== undefined) yield body
}

/** Ends a source that is no longer needed, even while the source produces a part. */
export const leave = (source: AsyncIterator<Uint8Array>): void => {
  source.return?.().catch(() => {})
}

/** The receiver of the parts of a body. */
export interface Outlet {
  readonly timers: Timers
  /** Whether the transport applies backpressure. */
  readonly backedUp: boolean
  put(piece: Uint8Array): void
  whenDrained(f: () => void): void
}

/** Sends the parts of a source, only as fast as the transport accepts them. */
export const pump = async (
  source: AsyncIterator<Uint8Array>,
  outlet: Outlet,
  abort: Abort
): Promise<void> => {
  const pace = new Pace()
  for (;;) {
    const piece = await abort.orAborted(source.next())
    if (piece.done === true) return
    outlet.put(piece.value)
    pace.sent(piece.value.length)
    // Yield to the event loop, because a source that is always ready would otherwise block it.
    if (pace.due) {
      await new Promise<void>((resume) => outlet.timers.turn(resume))
      pace.begin()
    }
    if (outlet.backedUp) await abort.orAborted(new Promise<void>((resume) => outlet.whenDrained(resume)))
  }
}
