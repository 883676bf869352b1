/**
 * Code shared by the promise server and client: request and response bodies, and aborts of waits.
 */
import type { Body } from "../../../src/connection/transfer/body.js"
import type { Timers } from "../../../src/seams/timers.js"
import { messageOf, Pace, type Violation } from "../../../src/wire/index.js"

/** Flat: name, value, name, value, ... Order, case and repetitions as on the wire. */
export type Fields = ReadonlyArray<string>

export type Outgoing = Uint8Array | AsyncIterable<Uint8Array>

/** A loss as an error to throw. */
export class Lost extends Error {
  constructor(readonly loss: { readonly _tag: string }) {
    super("reason" in loss ? String(loss.reason) : loss._tag)
  }
}

/** Throws violations of `wire/`. */
export const accepted = <A>(result: A | Violation): Exclude<A, Violation> => {
  if (isViolation(result)) throw Object.assign(new TypeError(messageOf(result)), { code: result.code })
  return result as Exclude<A, Violation>
}

const isViolation = (result: unknown): result is Violation =>
  typeof result === "object" && result !== null && "_tag" in result && result._tag === "Violation"

/** An `AbortSignal`, and waits that end with it. */
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

  /** The result of `waited`, or the abort. One wait at a time. */
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
  // On a server this sends 100 (Continue) if the client waits for it.
  body.want()
  for (;;) {
    // `take` ends the backpressure. These slices are yielded before more are taken.
    const slices = body.take()
    if (slices !== undefined) yield* slices
    else if (body.ended) return
    else if (body.failure !== undefined) throw new Lost(body.failure)
    else await new Promise<void>((resume) => body.whenReadable(resume))
  }
}

/** The parts of an outgoing body. */
export const sourceOf = (body: Outgoing | undefined): AsyncIterator<Uint8Array> =>
  body === undefined || body instanceof Uint8Array ? wholly(body) : body[Symbol.asyncIterator]()

async function* wholly(body: Uint8Array | undefined): AsyncGenerator<Uint8Array, void> {
  if (body !== undefined) yield body
}

/** Ends a source that is not needed any more; it may still be producing a part. */
export const leave = (source: AsyncIterator<Uint8Array>): void => {
  source.return?.().catch(() => {})
}

/** Destination of the parts. */
export interface Outlet {
  readonly timers: Timers
  /** The transport applies backpressure. */
  readonly backedUp: boolean
  put(piece: Uint8Array): void
  whenDrained(f: () => void): void
}

/** Pulls a source as fast as the transport takes its parts. */
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
    // A source that is always ready must not block the event loop.
    if (pace.due) {
      await new Promise<void>((resume) => outlet.timers.turn(resume))
      pace.begin()
    }
    if (outlet.backedUp) await abort.orAborted(new Promise<void>((resume) => outlet.whenDrained(resume)))
  }
}
