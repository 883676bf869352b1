/** Each time limit of a request expires in its own step, to the millisecond, and leaves no timer. */
import { describe, expect, it } from "vitest"
import { unlimited } from "../../../src/connection/client/limits.js"
import type { TimeLimits } from "../../../src/connection/client/limits.js"
import { ok, World, type Asked, type TestExchange } from "../../support/connection/clientWorld.js"

const head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"

type Until = (world: World, asked: Asked) => TestExchange

const queued: Until = (world, asked) => {
  world.begun()
  return world.ask(asked)
}
const resolving: Until = (world, asked) => world.ask(asked)
const connecting: Until = (world, asked) => {
  const exchange = world.ask(asked)
  world.attempted.opening.enter("connect")
  return exchange
}
const securing: Until = (world, asked) => {
  const exchange = connecting(world, asked)
  world.attempted.opening.enter("secure")
  return exchange
}
const sending: Until = (world, asked) => {
  const [exchange] = world.begun({ ...asked, method: "PUT", streams: true })
  return exchange
}
const sent: Until = (world, asked) => world.begun(asked)[0]
const answered: Until = (world, asked) => {
  const [exchange, transport] = world.begun(asked)
  transport.tells(head)
  return exchange
}

const outcome = ({ loss, response }: TestExchange): unknown => {
  const found = response === undefined ? loss : response.body.failure
  return found?._tag === "TimedOut" ? [found.passed, found.step, found.limit] : found?._tag
}

const steps: ReadonlyArray<[step: keyof TimeLimits, until: Until]> = [
  ["queue", queued],
  ["resolve", resolving],
  ["connect", connecting],
  ["secure", securing],
  ["send", sending],
  ["head", sent],
  ["body", answered]
]

const one = { limits: { maxSockets: 1, maxTotalSockets: Infinity } }

describe("a limit expires", () => {
  it.each(steps)("of %s", (step, until) => {
    const world = new World(one)
    const exchange = until(world, { limits: { ...unlimited, [step]: 100 } })
    world.timers.advance(99)
    expect(exchange.over).toBe(false)
    world.timers.advance(1)
    expect(outcome(exchange)).toEqual([step, step, 100])
    expect(exchange.over).toBe(true)
  })

  describe.each(["attempt", "total"] as const)("of the %s", (span) => {
    it.each(steps)("during %s", (step, until) => {
      const world = new World(one)
      const exchange = until(world, { limits: { ...unlimited, [step]: 200, [span]: 100 } })
      world.timers.advance(100)
      expect(outcome(exchange)).toEqual([span, step, 100])
    })
  })

  it.each<[Partial<TimeLimits>, spent: number, due: number, expected: "attempt" | "total"]>([
    [{ attempt: 100, total: 150 }, 0, 100, "attempt"],
    [{ attempt: 100, total: 150 }, 49, 100, "attempt"],
    [{ attempt: 100, total: 150 }, 50, 100, "total"],
    [{ attempt: 100, total: 150 }, 130, 20, "total"],
    [{ total: 150 }, 150, 0, "total"],
    [{ attempt: 100 }, 1_000, 100, "attempt"]
  ])("of %j, %i ms of which are spent, after %i ms", (limits, spent, due, expected) => {
    const world = new World(one)
    const [exchange] = world.begun({ limits: { ...unlimited, ...limits }, spent })
    if (due > 0) world.timers.advance(due - 1)
    expect(exchange.over).toBe(false)
    world.timers.advance(1)
    expect(outcome(exchange)).toEqual([expected, "head", limits[expected]])
  })

  it.each(steps)("of %s only in that step", (step, until) => {
    const others = Object.fromEntries(
      Object.keys(unlimited).map((name) => [name, name === step ? Infinity : 10])
    )
    const world = new World(one)
    // The steps before this one took no time, so their limits of 10 ms have not expired.
    const exchange = until(world, { limits: { ...unlimited, ...others, attempt: Infinity, total: Infinity } })
    world.timers.advance(20)
    expect(exchange.over).toBe(false)
  })

  it("of a body restarts with its bytes, and pauses during backpressure by its reader", () => {
    const world = new World()
    const [exchange, transport] = world.begun({ limits: { ...unlimited, body: 100 } })
    transport.tells("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n")
    for (const _ of "123") {
      world.timers.advance(99)
      transport.tells("x".repeat(30_000))
    }
    expect(transport.isPaused).toBe(true)
    world.timers.advance(1_000)
    expect(exchange.over).toBe(false)
    expect(exchange.response?.read().length).toBe(90_000)
    expect(transport.isPaused).toBe(false)
    world.timers.advance(100)
    expect(outcome(exchange)).toEqual(["body", "body", 100])
  })

  it("of an unread, incomplete body", () => {
    const world = new World()
    const exchange = answered(world, {})
    world.timers.advance(29_999)
    expect(exchange.over).toBe(false)
    world.timers.advance(1)
    expect(exchange.response?.body.failure).toMatchObject({ _tag: "GivenUp", code: "ERR_HTTPFX_BODY_UNREAD" })
  })

  it("without leaving a timer", () => {
    const world = new World()
    const exchange = sent(world, { limits: { ...unlimited, head: 100, total: 200 } })
    world.transports[0]!.tells(ok("x", "Connection: close"))
    world.transports[0]!.ends()
    world.transports[0]!.settle()
    expect(exchange.over).toBe(true)
    world.timers.advance(1_000)
    expect(world.timers.deadlines).toEqual([])
  })
})

describe("a body that waits for 100 Continue", () => {
  const asked: Asked = { method: "PUT", body: "whole", expectContinue: true }

  it.each<[what: string, happen: (world: World) => void, goesOut: boolean]>([
    [
      "is sent when it arrives",
      ({ transports }) => transports[0]!.tells("HTTP/1.1 100 Continue\r\n\r\n"),
      true
    ],
    ["waits", ({ timers }) => timers.advance(999), false],
    ["is sent after a second", ({ timers }) => timers.advance(1_000), true],
    [
      "does not follow a final response",
      ({ timers, transports }) => {
        transports[0]!.tells("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 5\r\n\r\n")
        timers.advance(2_000)
      },
      false
    ],
    [
      "is not sent for nobody",
      ({ pool, timers }) => {
        pool.close(() => {})
        timers.advance(2_000)
      },
      false
    ]
  ])("%s", (_, happen, goesOut) => {
    const world = new World()
    world.begun(asked)
    happen(world)
    expect(world.transports[0]!.written.endsWith("whole")).toBe(goesOut)
  })
})
