/**
 * Converts a loss record, which says why an exchange was lost, to its error. The error is created on first
 * use and cached per record, so that the body, the outcome and the observers get the same instance.
 */
import type { AlreadyRead, GivenUp, Loss, OutOfStep, TimedOut, TooLarge } from "../model/loss.js"
import { ConnectionFailed, ConnectionReset, fromFault, HangUp, type ConnectionError } from "./connection.js"
import { fromViolation, type OutOfOrder, type UpgradeNotAsked } from "./message.js"
import { BodyAlreadyRead, BodyTooLarge, fromRefusal, type ParseError } from "./protocol.js"
import { PeerStalled, RequestTimeout } from "./server.js"
import {
  AttemptTimedOut,
  BodyTimedOut,
  ConnectTimedOut,
  HeadTimedOut,
  QueueTimedOut,
  RequestTimedOut,
  ResolveTimedOut,
  SecureTimedOut,
  SendTimedOut,
  type TimeoutError
} from "./timeouts.js"

type Classes = {
  HangUp: HangUp
  Reset: ConnectionReset
  Failed: Exclude<ConnectionError, HangUp>
  Refused: ParseError
  Late: RequestTimeout
  Stalled: PeerStalled
  TooLarge: BodyTooLarge
  AlreadyRead: BodyAlreadyRead
  OutOfStep: OutOfOrder | UpgradeNotAsked
  TimedOut: TimeoutError
  GivenUp: ConnectionFailed
}

/** The loss records that have an error class. */
export type AnyLoss = Loss | TooLarge | AlreadyRead | OutOfStep | TimedOut | GivenUp

/** The error class of each kind of loss record. */
export type OfLoss<L extends AnyLoss> = Classes[L["_tag"]]

const instances = new WeakMap<AnyLoss, Classes[keyof Classes]>()

export const fromLoss = <L extends AnyLoss>(loss: L): OfLoss<L> => {
  let error = instances.get(loss)
  if (error === undefined) instances.set(loss, (error = made(loss)))
  return error as OfLoss<L>
}

const made = (loss: AnyLoss): Classes[keyof Classes] => {
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
    case "AlreadyRead":
      return new BodyAlreadyRead({ reason: loss.reason })
    case "OutOfStep":
      return fromViolation(loss.violation, loss.where)
    case "TimedOut":
      return timedOut(loss)
    case "GivenUp":
      return new ConnectionFailed(untagged(loss))
  }
}

const timedOut = ({ _tag, passed, step, ...facts }: TimedOut): TimeoutError => {
  switch (passed) {
    case "queue":
      return new QueueTimedOut(facts)
    case "resolve":
      return new ResolveTimedOut(facts)
    case "connect":
      return new ConnectTimedOut(facts)
    case "secure":
      return new SecureTimedOut(facts)
    case "send":
      return new SendTimedOut(facts)
    case "head":
      return new HeadTimedOut(facts)
    case "body":
      return new BodyTimedOut(facts)
    case "attempt":
      return new AttemptTimedOut({ ...facts, phase: step })
    case "total":
      return new RequestTimedOut({ ...facts, phase: step })
  }
}

const untagged = <L extends AnyLoss>({ _tag, ...facts }: L): Omit<L, "_tag"> => facts
