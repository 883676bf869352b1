/**
 * Combined limits of a request: which limit ends the request, and at which millisecond.
 *
 * A scripted server accepts, reads, replies and stalls by a plan. The plan and the limits determine the end
 * of the request. Events happen at multiples of ten milliseconds and limits at other times, so that no two
 * coincide.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import * as Client from "@httpfx/core/Client"
import * as Verdict from "@httpfx/testing/Verdict"
import { between, type Draw } from "../ask.js"
import { agent, host, listen, now, same, tens, type Place, type Trial } from "./trial.js"
import type { Wire } from "./wire.js"

type Step = "connect" | "send" | "head" | "body"
/** The limits in milliseconds. An omitted limit is unlimited. */
type Limits = Partial<Record<Step | "total", number>>

/** The course of a request. All times are in milliseconds. */
interface Plan {
  /** Time to connect, if the request needs a new connection. */
  readonly connect: number
  /** Time for which the server does not read a body that is larger than the buffers. 0 means no body. */
  readonly take: number
  /** Time from the end of `take` to the head of the response. */
  readonly head: number
  /** The gap before each piece of the response body. */
  readonly gaps: ReadonlyArray<number>
  /** Size of a piece in bytes. */
  readonly piece: number
  /** Time for which the reader pauses after the first piece. */
  readonly away: number
}

interface End {
  readonly tag: string
  /** Milliseconds since the request was sent. */
  readonly at: number
  readonly limit?: number | undefined
  readonly written?: string | undefined
}

const upload = 300_000
// `bulk` is more than a client reads ahead of its consumer. It arrives within `soon` milliseconds.
const bulk = 90_000
const soon = 10

const drawPlan = (draw: Draw): Plan => {
  const away = draw() < 0.4 ? tens(draw, 100, 4_000) : 0
  const gaps = Array.from({ length: between(draw, 1, 4) }, () => tens(draw, 10, 1_500))
  if (away > 0) gaps.splice(1, 0, soon)
  return {
    connect: draw() < 0.3 ? tens(draw, 10, 800) : 0,
    take: draw() < 0.3 ? tens(draw, 10, 1_500) : 0,
    head: draw() < 0.7 ? tens(draw, 10, 2_000) : 0,
    gaps,
    piece: away > 0 ? bulk : between(draw, 1, 2_000),
    away
  }
}

// Limits of single steps end in 3, and total limits in 7, so that no two expire at the same millisecond.
const drawLimits = (draw: Draw, share: number): Limits => {
  const limits: Limits = {}
  for (const step of ["connect", "send", "head", "body"] as const)
    if (draw() < share) limits[step] = tens(draw, 50, 2_500) + 3
  if (draw() < share) limits.total = tens(draw, 500, 8_000) + 7
  return limits
}

const tags = {
  connect: "ConnectTimedOut",
  send: "SendTimedOut",
  head: "HeadTimedOut",
  body: "BodyTimedOut"
} as const

/** Computes the end of a request from the plan and the limits. */
const foretell = (plan: Plan, limits: Limits): End => {
  const { away, connect, gaps, head, take } = plan
  const total = limits.total ?? Infinity
  let at = 0
  const totalOver = (written: string, seen = total): End => ({
    tag: "RequestTimedOut",
    at: seen,
    limit: total,
    written
  })
  /** Adds a step of this length. Returns the end of the request if a limit expires within the step. */
  const pass = (step: Step, length: number): End | undefined => {
    const limit = limits[step] ?? Infinity
    const written = step === "connect" ? "none" : "all"
    if (Math.min(length, limit) > total - at) return totalOver(written)
    if (limit < length) return { tag: tags[step], at: at + limit, limit, written }
    at += length
    return undefined
  }
  const begun = pass("connect", connect) ?? pass("send", take) ?? pass("head", head) ?? pass("body", gaps[0]!)
  if (begun !== undefined) return begun
  let came = at
  const back = at + away
  for (const [index, gap] of gaps.slice(1).entries()) {
    came += gap
    // While the reader pauses, bytes wait on the network, and the limit `body` does not count.
    if (away > 0 && index === 0) {
      at = came
      if (back > total) return totalOver("all", back)
      at = back
    } else if (came > at) {
      const end = pass("body", came - at)
      if (end !== undefined) return end
    }
  }
  return { tag: "answered", at: Math.max(at, back) }
}

/** Stops reading for this time. */
const hold = ({ transport }: Wire, millis: number): Effect.Effect<void> => {
  transport.pause()
  return Effect.ensuring(
    Effect.sleep(millis),
    Effect.sync(() => transport.resume())
  )
}

class Course {
  plan: Plan
  wire: Wire | undefined = undefined

  constructor(
    private readonly place: Place,
    private readonly which: string
  ) {
    this.plan = drawPlan(place.draw)
  }

  readonly serve = (wire: Wire): Effect.Effect<void> =>
    Effect.gen(this, function* () {
      this.wire = wire
      if (this.plan.take > 0) yield* hold(wire, this.plan.take)
      while ((yield* wire.message) !== undefined) {
        const { gaps, head, piece } = this.plan
        yield* Effect.sleep(head)
        wire.send(`HTTP/1.1 200 OK\r\nContent-Length: ${gaps.length * piece}\r\n\r\n`)
        for (const gap of gaps) {
          yield* Effect.sleep(gap)
          wire.send("x".repeat(piece))
        }
      }
      wire.transport.end()
    })

  readonly delay: Verdict.Rule = ({ kind, link }) =>
    kind === "Connect" && this.plan.connect > 0 && link.server.names.includes(host(this.place, this.which))
      ? Verdict.Delay(this.plan.connect)
      : Verdict.Pass()

  /** Runs one plan. Returns whether its connection serves the next request. */
  one(client: Client.Service, beneath: Limits, reuses: boolean): Effect.Effect<boolean> {
    return Effect.gen(this, function* () {
      const { draw } = this.place
      this.plan = drawPlan(draw)
      const limits = drawLimits(draw, 0.4)
      const { away, connect, take } = this.plan
      const began = now(this.place)
      if (reuses && take > 0) yield* Effect.fork(hold(this.wire!, take))
      const asked = client.request({
        url: `http://${host(this.place, this.which)}/`,
        timeouts: limits,
        ...(take > 0 && { method: "PUT", body: new Uint8Array(upload) })
      })
      let first = true
      const read = Effect.flatMap(asked, ({ body }) =>
        Stream.runForEach(body, () => {
          const pause = first ? away : 0
          first = false
          return pause > 0 ? Effect.sleep(pause) : Effect.void
        })
      )
      const result = yield* Effect.either(read)
      const at = now(this.place) - began
      const end: End = Either.match(result, {
        onLeft: (error): End => ({
          tag: error._tag,
          at,
          ...("written" in error && "limit" in error && { limit: error.limit, written: error.written })
        }),
        onRight: () => ({ tag: "answered", at })
      })
      const plan = { ...this.plan, connect: reuses ? 0 : connect }
      const all = { ...beneath, ...limits }
      same(this.place, `${JSON.stringify({ plan, all })} ended`, end, foretell(plan, all))
      return end.tag === "answered"
    })
  }
}

/** A client sends requests to three servers at the same time, with limits of requests, client and agent. */
export const clientLimits: Trial = (place) =>
  Effect.gen(function* () {
    const { draw } = place
    const timeout = draw() < 0.3 ? tens(draw, 300, 3_000) + 3 : undefined
    const own = drawLimits(draw, 0.3)
    const client = yield* Client.fromAgent(yield* agent(place, { timeout }), { timeouts: own })
    const beneath = {
      ...(timeout !== undefined && { connect: timeout, head: timeout, body: timeout }),
      ...own
    }
    const course = (which: string) =>
      Effect.gen(function* () {
        const course = new Course(place, which)
        yield* listen(place, course.serve, which)
        yield* place.memory.rule(course.delay)
        let reuses = false
        for (let index = 0; index < 3; index++) reuses = yield* course.one(client, beneath, reuses)
      })
    yield* Effect.all(["a", "b", "c"].map(course), { concurrency: "unbounded", discard: true })
  })
