/**
 * Reuse of connections by their keep-alive hints: a connection is never used after its expiry, even if timers
 * are late. Also the facts that are reported about retries.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Client from "@httpfx/core/Client"
import * as Timers from "@httpfx/core/Timers"
import * as Verdict from "@httpfx/testing/Verdict"
import { between, pick, type Draw } from "../ask.js"
import { agent, host, listen, now, same, tens, type Trial } from "./trial.js"

const origins = ["a", "b"] as const

/** Returns the time for which a connection may stay idle after a response with this hint, ms. */
const usable = (hint: number | undefined, idleTimeout: number, buffer: number): number =>
  hint === undefined ? idleTimeout : Math.min(idleTimeout, hint * 1_000 - buffer)

const drawHint = (draw: Draw): number | undefined => (draw() < 0.3 ? undefined : between(draw, 1, 12))

/**
 * Sends two concurrent requests to each of two origins. Every response has its own hint. The server's ends
 * record when each connection closes, and which requests it carries.
 */
export const hints: Trial = (place) =>
  Effect.gen(function* () {
    const { draw } = place
    const idleTimeout = tens(draw, 1_000, 8_000) + 3
    const buffer = tens(draw, 0, 1_500) + 5
    /** Time at which each connection expires. */
    const until = new Map<string, number>()
    const servedBy: Array<string> = []
    for (const which of origins)
      yield* listen(
        place,
        (wire, index) =>
          Effect.gen(function* () {
            const connection = `${which}${index}`
            for (let asked = yield* wire.message; asked !== undefined; asked = yield* wire.message) {
              const hint = drawHint(draw)
              const end = until.get(connection) ?? Infinity
              if (asked.at >= end)
                place.broken(`${place.name}: ${connection} was used ${asked.at - end} ms after its end`)
              servedBy.push(connection)
              yield* Effect.sleep(10)
              const fields = hint === undefined ? "" : `Keep-Alive: timeout=${hint}\r\n`
              until.set(connection, now(place) + usable(hint, idleTimeout, buffer))
              wire.send(`HTTP/1.1 200 OK\r\n${fields}Content-Length: 2\r\n\r\nok`)
            }
            // A connection whose hint allows no reuse closes at once.
            const end = Math.max(until.get(connection) ?? 0, wire.lastAt + 10)
            same(place, `${connection} was closed after its end by`, now(place) - end, 0)
          }),
        which
      )
    const client = yield* Client.fromAgent(
      yield* agent(place, { idleTimeout, keepAliveTimeoutBuffer: buffer })
    )
    for (let round = 0; round < 6; round++) {
      const free = (which: string) =>
        [...until].filter(([connection, end]) => connection.startsWith(which) && end > now(place)).length
      const before = origins.map(free)
      const asked = origins.flatMap((which) =>
        Array.from({ length: between(draw, 0, 2) }, () =>
          Effect.flatMap(client.request({ url: `http://${host(place, which)}/` }), ({ text }) => text)
        )
      )
      const known = new Set(until.keys())
      servedBy.length = 0
      yield* Effect.all(asked, { concurrency: "unbounded" })
      for (const [index, which] of origins.entries()) {
        const served = servedBy.filter((connection) => connection.startsWith(which))
        const reused = served.filter((connection) => known.has(connection)).length
        same(place, `round ${round}: reused to ${which}`, reused, Math.min(served.length, before[index]!))
      }
      yield* Effect.sleep(tens(draw, 10, 6_000))
    }
    yield* Effect.sleep(idleTimeout)
  })

/**
 * The agent's timers are late, as on a busy machine. The agent must not use an idle connection after its
 * expiry.
 */
export const lateTimers: Trial = (place) =>
  Effect.gen(function* () {
    const { clock, draw } = place
    const timers = clock[Timers.ClockTimers]
    const late: Timers.Timers = {
      ...timers,
      at: (deadline, f) => timers.at(deadline + tens(draw, 0, 2_000), f)
    }
    const busy = Object.assign(Object.create(clock) as typeof clock, { [Timers.ClockTimers]: late })
    const idleTimeout = tens(draw, 200, 2_000) + 3
    let answeredAt = -1
    yield* listen(place, (wire) =>
      Effect.gen(function* () {
        let last: number | undefined
        for (let asked = yield* wire.message; asked !== undefined; asked = yield* wire.message) {
          const idle = last === undefined ? 0 : asked.at - last
          if (idle >= idleTimeout)
            place.broken(`${place.name}: used after ${idle} ms, may be idle for ${idleTimeout} ms`)
          wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
          last = answeredAt = now(place)
        }
      })
    )
    const pool = yield* Effect.withClock(agent(place, { idleTimeout }), busy)
    const client = yield* Client.fromAgent(pool)
    for (let index = 0; index < 6; index++) {
      const idle = now(place) - answeredAt
      const response = yield* client.request({
        url: `http://${host(place)}/`,
        method: draw() < 0.5 ? "GET" : "POST"
      })
      same(
        place,
        `after ${idle} ms of ${idleTimeout}: reused`,
        response.reused,
        answeredAt >= 0 && index > 0 && idle < idleTimeout
      )
      yield* response.bytes
      yield* Effect.sleep(tens(draw, 10, 3_000))
    }
    yield* Effect.sleep("5 seconds")
  })

/** The outcome of the second attempt. */
type Loss = "answered" | "refused" | "slow" | "again"

/**
 * A reused connection is lost with a request on it, and the client tries again. The response or the failure
 * must report both attempts, because the server may have acted on the bytes of the first one.
 */
export const resends: Trial = (place) =>
  Effect.gen(function* () {
    const { draw } = place
    const plan = {
      method: pick(draw, [
        [2, "GET"],
        [2, "PUT"],
        [1, "POST"]
      ]),
      body: draw() < 0.5 ? "some body" : undefined,
      second: pick<Loss>(draw, [
        [2, "answered"],
        [2, "again"],
        [2, "refused"],
        [2, "slow"]
      ]),
      limit: pick(draw, [
        [1, "total" as const],
        [1, "connect" as const]
      ]),
      partly: draw() < 0.3
    }
    const limit = 503
    let phase: "first" | "second" = "first"
    yield* listen(place, (wire, index) =>
      Effect.gen(function* () {
        for (
          let asked = yield* wire.message, count = 1;
          asked !== undefined;
          asked = yield* wire.message, count++
        ) {
          const dies = (index === 0 && count === 2) || (index > 0 && plan.second === "again")
          if (!dies) {
            wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            continue
          }
          phase = "second"
          if (plan.partly) wire.send("HTTP/1.1 200")
          yield* Effect.sleep(1)
          return wire.transport.reset()
        }
      })
    )
    yield* place.memory.rule(({ kind, link }) => {
      if (kind !== "Connect" || phase === "first" || !link.server.names.includes(host(place)))
        return Verdict.Pass()
      return plan.second === "refused"
        ? Verdict.Refuse()
        : plan.second === "slow"
          ? Verdict.Delay(900)
          : Verdict.Pass()
    })
    const client = yield* Client.fromAgent(yield* agent(place))
    yield* Effect.flatMap(client.request({ url: `http://${host(place)}/` }), ({ text }) => text)
    const began = now(place)
    const asked = client.request({
      url: `http://${host(place)}/`,
      method: plan.method,
      timeouts: { [plan.limit]: limit },
      ...(plan.body !== undefined && plan.method !== "GET" && { body: plan.body })
    })
    const result = yield* Effect.either(asked)
    const got = Either.match(result, {
      onLeft: (error) => {
        const { _tag, ...facts } = error as unknown as Record<string, unknown>
        return [_tag, facts["written"], facts["reused"], now(place) - began]
      },
      onRight: ({ resent, reused, status }) => [status, resent, reused, now(place) - began]
    })
    const repeats = plan.method !== "POST" && !plan.partly
    same(
      place,
      JSON.stringify(plan),
      got,
      repeats ? repeated(plan, limit) : ["ConnectionReset", "all", true, 1]
    )
  })

/**
 * Returns the expected end for each outcome of the second attempt: status or tag of the failure, number of
 * retries or the written part, whether the connection was reused, and the time in milliseconds.
 */
const repeated = (
  { limit, second }: { readonly limit: "total" | "connect"; readonly second: Loss },
  millis: number
): ReadonlyArray<unknown> => {
  if (second === "answered") return [200, 1, false, 1]
  if (second === "again") return ["ConnectionReset", "all", false, 2]
  if (second === "slow" && limit === "total") return ["RequestTimedOut", "all", true, millis]
  // The failure of the first connection is reported, because the request was written on it.
  return ["ConnectionReset", "all", true, second === "slow" ? millis + 1 : 1]
}
