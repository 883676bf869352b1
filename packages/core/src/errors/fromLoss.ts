/**
 * The class of a `Loss`: one instance per record, made when somebody asks, so that body, outcome and listeners share it.
 */
import type { Loss, TooLarge } from "../model/loss.js"
import { ConnectionReset, fromFault, HangUp, type ConnectionError } from "./connection.js"
import { BodyTooLarge, fromRefusal, type ParseError } from "./protocol.js"
import { PeerStalled, RequestTimeout } from "./server.js"

type Classes = {
  HangUp: HangUp
  Reset: ConnectionReset
  Failed: Exclude<ConnectionError, HangUp>
  Refused: ParseError
  Late: RequestTimeout
  Stalled: PeerStalled
  TooLarge: BodyTooLarge
}

/** The class of each kind of record. */
export type OfLoss<L extends Loss | TooLarge> = Classes[L["_tag"]]

const instances = new WeakMap<Loss | TooLarge, Classes[keyof Classes]>()

export const fromLoss = <L extends Loss | TooLarge>(loss: L): OfLoss<L> => {
  let error = instances.get(loss)
  if (error === undefined) instances.set(loss, (error = made(loss)))
  return error as OfLoss<L>
}

const made = (loss: Loss | TooLarge): Classes[keyof Classes] => {
  switch (loss._tag) {
    case "HangUp":
      return new HangUp(untagged(loss))
    case "Reset":
      return new ConnectionReset(untagged(loss))
    case "Failed": {
      const { _tag, fault, ...where } = loss
      return fromFault(fault, where)
    }
    case "Refused":
      return fromRefusal(loss.refusal, loss.where)
    case "Late":
      return new RequestTimeout(untagged(loss))
    case "Stalled":
      return new PeerStalled(untagged(loss))
    case "TooLarge":
      return new BodyTooLarge({ limit: loss.limit })
  }
}

const untagged = <L extends Loss>({ _tag, ...facts }: L): Omit<L, "_tag"> => facts
