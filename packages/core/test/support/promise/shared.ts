/**
 * What servers and clients of promises have in common: bodies in and out, and what ends a wait.
 */
import type { Body } from "../../../src/connection/transfer/body.js"
import type { Timers } from "../../../src/seams/timers.js"
import { messageOf, Pace, type Violation } from "../../../src/wire/index.js"

/** Flat: name, value, name, value, ... Order, case and repetitions as on the wire. */
export type Fields = ReadonlyArray<string>

export type Outgoing = Uint8Array | AsyncIterable<Uint8Array>

/** The record of a loss, as an error to throw. */
export class Lost extends Error {
  constructor(readonly loss: { readonly _tag: string }) {
    super("reason" in loss ? String(loss.reason) : loss._tag)
  }
}

/** Throws what `wire/` does not let us send. */
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

/** Reads a body that arrives. */
export async function* piecesOf(
  body: Body<{ readonly _tag: string }> | undefined
): AsyncGenerator<Uint8Array, void> {
  if (body === undefined) return
  // On a server it sends 100 (Continue) if the client waits for it.
  body.want()
  for (;;) {
    // Taking ends the backpressure. What was taken is given away before more is.
    const slices = body.take()
    if (slices !== undefined) yield* slices
    else if (body.ended) return
    else if (body.failure !== undefined) throw new Lost(body.failure)
    else await new Promise<void>((resume) => body.whenReadable(resume))
  }
}

/** The pieces of a body that leaves. */
export const sourceOf = (body: Outgoing | undefined): AsyncIterator<Uint8Array> =>
  body === undefined || body instanceof Uint8Array ? wholly(body) : body[Symbol.asyncIterator]()

async function* wholly(body: Uint8Array | undefined): AsyncGenerator<Uint8Array, void> {
  if (body !== undefined) yield body
}

/** Tells a source that nobody wants more. It may still be busy with the next piece. */
export const leave = (source: AsyncIterator<Uint8Array>): void => {
  source.return?.().catch(() => {})
}

/** Where pieces go. */
export interface Outlet {
  readonly timers: Timers
  /** The transport is full. */
  readonly backedUp: boolean
  put(piece: Uint8Array): void
  whenDrained(f: () => void): void
}

/** Pulls a source as fast as the transport takes its pieces. */
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
    // A source that never waits must not keep the event loop.
    if (pace.due) {
      await new Promise<void>((resume) => outlet.timers.turn(resume))
      pace.begin()
    }
    if (outlet.backedUp) await abort.orAborted(new Promise<void>((resume) => outlet.whenDrained(resume)))
  }
}
