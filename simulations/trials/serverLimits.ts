/**
 * Combined limits of a server. A scripted client sends head and body in pieces. The server must send either a
 * response or, when the first limit has expired, a 408. The 408 must not come early, nor later than the
 * server's next check.
 *
 * Limits of a single exchange are exact. All other limits are checked periodically for all connections.
 */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Exchange from "@httpfx/core/Exchange"
import { between, type Draw } from "../ask.js"
import { connect, host, now, same, serve, tens, type Trial } from "./trial.js"

interface Limits {
  readonly headersTimeout: number
  readonly requestTimeout: number
  /** Milliseconds. 0 means no limit. */
  readonly timeout: number
  readonly connectionsCheckingInterval: number
}

/** The pauses before each piece of the head and of the body, and the time that the handler then takes, ms. */
interface Plan {
  readonly head: ReadonlyArray<number>
  readonly body: ReadonlyArray<number>
  readonly think: number
  /** The limits of only this exchange: `requestTimeout` and `timeout`. 0 means no limit. */
  readonly own: { readonly requestTimeout: number; readonly timeout: number } | undefined
}

/** A limit that expires between these times, which count from the opening of the connection. */
interface Late {
  readonly status: 408 | "closed"
  readonly from: number
  readonly to: number
}

/**
 * The possible ends of a plan. Several are possible if a limit that is checked periodically expires close to
 * the next byte.
 */
interface Ends {
  readonly late: ReadonlyArray<Late>
  readonly answered: boolean
}

const gaps = (draw: Draw, most: number): ReadonlyArray<number> =>
  Array.from({ length: between(draw, 1, 3) }, () => tens(draw, 10, most))

// The last digits of limits differ from those of events, so that no two coincide.
const drawLimits = (draw: Draw): Limits => {
  const requestTimeout = tens(draw, 1_500, 6_000) + 3
  return {
    headersTimeout: Math.min(tens(draw, 500, 3_000) + 7, requestTimeout),
    requestTimeout,
    timeout: draw() < 0.3 ? tens(draw, 1_000, 3_000) + 5 : 0,
    connectionsCheckingInterval: tens(draw, 50, 400) + 1
  }
}

const drawPlan = (draw: Draw): Plan => ({
  head: gaps(draw, 1_500),
  body: draw() < 0.7 ? gaps(draw, 2_000) : [],
  think: draw() < 0.5 ? 0 : tens(draw, 10, 3_000),
  own:
    draw() < 0.4
      ? {
          requestTimeout: draw() < 0.7 ? tens(draw, 3_000, 9_000) + 3 : 0,
          timeout: draw() < 0.4 ? tens(draw, 500, 2_500) + 5 : 0
        }
      : undefined
})

const foretell = ({ body, head, own, think }: Plan, limits: Limits): Ends => {
  const { connectionsCheckingInterval: interval } = limits
  const late: Array<Late> = []
  let at = 0
  let begun = 0
  /** Adds a pause without bytes. Returns whether a limit certainly expires within the pause. */
  const pass = (gap: number, headComplete: boolean, requestComplete: boolean): boolean => {
    const exact = headComplete && own !== undefined
    const { requestTimeout, timeout } = exact ? own : limits
    const due: Array<Late> = []
    const add = (status: Late["status"], from: number, later: number) =>
      due.push({ status, from, to: from + later + 1 })
    if (!headComplete) add(408, begun + limits.headersTimeout, interval)
    if (!requestComplete && requestTimeout > 0) add(408, begun + requestTimeout, exact ? 0 : interval)
    // The server notices received bytes only at its next check.
    if (timeout > 0) add("closed", at + timeout, exact ? Math.min(interval, timeout) : 2 * interval)
    const first = due.filter(({ from }) => from < at + gap)
    late.push(...first)
    at += gap
    return first.some(({ to }) => to < at)
  }
  const [first, ...others] = head
  let ended = pass(first!, false, false)
  begun = at
  for (const gap of others) ended ||= pass(gap, false, false)
  for (const gap of body) ended ||= pass(gap, true, false)
  return { late, answered: !(ended || pass(think, true, true)) }
}

const piece = "x".repeat(20)

export const serverLimits: Trial = (place) =>
  Effect.gen(function* () {
    const { draw } = place
    const limits = drawLimits(draw)
    const plans = Array.from({ length: 4 }, () => drawPlan(draw))
    const app = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
      const { own, think } = plans[Number(request.url.slice(1))]!
      const set = own === undefined ? Effect.void : Effect.orDie(Exchange.setTimeouts(own))
      return set.pipe(
        Effect.zipRight(request.text),
        Effect.zipLeft(Effect.sleep(think)),
        Effect.map((text) => HttpServerResponse.text(text)),
        Effect.orDie
      )
    })
    yield* serve(place, app, {}, limits)

    const one = (plan: Plan, index: number) =>
      Effect.gen(function* () {
        const { body, head } = plan
        const wire = yield* connect(place)
        const text = `PUT /${index} HTTP/1.1\r\nHost: ${host(place)}\r\nContent-Length: ${body.length * piece.length}\r\n\r\n`
        const began = now(place)
        const sending = Effect.gen(function* () {
          for (const [index, gap] of head.entries()) {
            yield* Effect.sleep(gap)
            const cut = (part: number) => Math.floor((text.length * part) / head.length)
            wire.send(text.slice(cut(index), cut(index + 1)))
          }
          for (const gap of body) {
            yield* Effect.sleep(gap)
            wire.send(piece)
          }
        })
        yield* Effect.fork(sending)
        const answer = yield* wire.message
        const at = (answer?.at ?? now(place)) - began
        const status = answer === undefined ? "closed" : Number(answer.head.slice(9, 12))
        const ends = foretell(plan, limits)
        const what = `${JSON.stringify({ plan, limits })} ended after ${at} ms with ${status}`
        if (status === 200 && ends.answered) same(place, what, answer?.body, piece.repeat(body.length))
        else if (!ends.late.some((late) => late.status === status && at >= late.from && at <= late.to))
          place.broken(`${place.name}: ${what}, not as ${JSON.stringify(ends)}`)
      })
    yield* Effect.all(plans.map(one), { concurrency: "unbounded", discard: true })
  })
