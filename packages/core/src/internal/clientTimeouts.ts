/**
 * How long a client waits for what: from durations as users write them to milliseconds, `undefined` where nothing is
 * limited.
 *
 * Merges what request, client and agent say, the nearest first. Sets no timer.
 */
import * as Duration from "effect/Duration"
import type { Timeouts } from "../ClientRequest.js"
import * as HttpError from "../HttpError.js"

/** What is waited for, in its order. */
export type Step = "queue" | "resolve" | "connect" | "secure" | "send" | "head" | "body"

/** Milliseconds; `Infinity`: no limit. */
export type TimeLimits = Readonly<Record<Step | "total", number>>

const none: TimeLimits = {
  queue: Infinity,
  resolve: Infinity,
  connect: Infinity,
  secure: Infinity,
  send: Infinity,
  head: Infinity,
  body: Infinity,
  total: Infinity
}

const names = Object.keys(none) as ReadonlyArray<keyof TimeLimits>

/** The limits of `timeouts` over those beneath. Where nothing is limited: `undefined`. */
export const merge = (
  timeouts: Timeouts | undefined,
  beneath: TimeLimits | undefined
): TimeLimits | undefined => {
  if (timeouts === undefined) return beneath
  const limits: Record<Step | "total", number> = { ...(beneath ?? none) }
  let limited = false
  for (const name of names) {
    const own = timeouts[name]
    if (own !== undefined) limits[name] = Duration.toMillis(own)
    if (limits[name] !== Infinity) limited = true
  }
  return limited ? limits : undefined
}

/** What an agent's `timeout` limits: every silence of a socket, as in Node. */
export const ofAgent = (timeout: number): TimeLimits | undefined =>
  timeout === Infinity
    ? undefined
    : { ...none, connect: timeout, secure: timeout, head: timeout, body: timeout }

/** The facts that every error of a limit tells. */
export interface TimeoutFacts {
  readonly limit: number
  readonly address: string | undefined
  readonly reused: boolean
  readonly written: HttpError.Written
  readonly received: number
}

/** The error of a step whose limit has passed. */
export const timedOut = (step: Step, facts: TimeoutFacts): HttpError.TimeoutError => {
  switch (step) {
    case "queue":
      return new HttpError.QueueTimedOut(facts)
    case "resolve":
      return new HttpError.ResolveTimedOut(facts)
    case "connect":
      return new HttpError.ConnectTimedOut(facts)
    case "secure":
      return new HttpError.SecureTimedOut(facts)
    case "send":
      return new HttpError.SendTimedOut(facts)
    case "head":
      return new HttpError.HeadTimedOut(facts)
    case "body":
      return new HttpError.BodyTimedOut(facts)
  }
}
