/**
 * What servers and clients of promises have in common: bodies in and out, and errors.
 */
import type { Body } from "../../../src/connection/transfer/body.js"
import { messageOf, type Violation } from "../../../src/wire/index.js"

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

/** Reads a body that arrives. */
export async function* piecesOf(
  body: Body<{ readonly _tag: string }> | undefined
): AsyncGenerator<Uint8Array, void> {
  if (body === undefined) return
  // Sends 100 (Continue) if the client waits for it.
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
