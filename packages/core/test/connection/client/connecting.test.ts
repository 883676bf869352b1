/**
 * Attempts to connect: synchronous or not, for waiting or aborted requests. Also connections that leave HTTP.
 */
import { describe, expect, it } from "vitest"
import { unlimited } from "../../../src/connection/client/limits.js"
import { ClientPool } from "../../../src/connection/client/pool.js"
import type { Connector } from "../../../src/connection/client/ports.js"
import {
  ClientTransport,
  defaults,
  hostA,
  hostB,
  ok,
  requestOf,
  TestExchange,
  World
} from "../../support/connection/clientWorld.js"

const one = { limits: { maxSockets: Infinity, maxTotalSockets: 1 } }

describe("a connector", () => {
  const ask = (connector: Connector): readonly [TestExchange, ClientPool] => {
    const { events, timers } = new World()
    const pool = new ClientPool(connector, timers, events, defaults)
    const exchange = new TestExchange(requestOf({}), pool)
    exchange.start()
    return [exchange, pool]
  }

  it("may succeed at once", () => {
    const transport = new ClientTransport()
    const [exchange, pool] = ask({
      connect(_, opening) {
        opening.done(transport, {})
        return () => {}
      }
    })
    expect([exchange.attempt, pool.counts]).toEqual([undefined, { open: 1, idle: 0, connecting: 0 }])
    transport.tells(ok("x"))
    expect([exchange.told, pool.counts.idle]).toEqual([["answered 200"], 1])
  })

  it("may fail at once", () => {
    const [exchange, pool] = ask({
      connect(_, opening) {
        opening.failed({ _tag: "NotConnected", error: "no" })
        return () => {}
      }
    })
    expect([exchange.loss, pool.counts]).toEqual([
      { _tag: "NotConnected", error: "no" },
      { open: 0, idle: 0, connecting: 0 }
    ])
    expect(pool.keys.size).toBe(0)
  })

  it("provides the options of the parser", () => {
    const transport = new ClientTransport()
    const [exchange] = ask({
      connect(_, opening) {
        opening.done(transport, { limits: { maxHeaderSize: 20 } })
        return () => {}
      }
    })
    transport.tells(ok("x", `X-Long: ${"x".repeat(50)}`))
    expect(exchange.loss).toMatchObject({ _tag: "Refused", refusal: { code: "HPE_HEADER_OVERFLOW" } })
  })
})

describe("an attempt", () => {
  it("is aborted with its request, and the pool waits for its end", () => {
    const world = new World()
    const exchange = world.ask()
    const { attempt } = exchange
    const { attempted } = world
    exchange.interrupt()
    expect([attempted.cancelled, world.pool.counts.connecting]).toEqual([true, 1])
    let over = false
    attempt?.whenOver(() => (over = true))
    world.refused("given up")
    expect([over, world.pool.counts.connecting]).toEqual([true, 0])
  })

  it("that succeeds after its abort leaves no connection", () => {
    const world = new World()
    const exchange = world.ask()
    exchange.interrupt()
    const transport = world.connected()
    transport.settle()
    expect([transport.wasReset, transport.written]).toEqual([true, ""])
    expect(world.pool.counts).toEqual({ open: 0, idle: 0, connecting: 0 })
    expect([...world.pool.closings]).toEqual([["Interrupted", 1]])
  })

  it("that fails passes its slot to the next queued request", () => {
    const world = new World(one)
    world.ask()
    world.ask({ to: hostB })
    expect(world.connector.attempts.length).toBe(1)
    world.refused("refused")
    expect(world.attempted.destination).toBe(hostB)
  })

  it("for a request on a separate connection counts against no limit", () => {
    const world = new World({ limits: { maxSockets: 2, maxTotalSockets: 2 } })
    world.begun()
    const exchange = world.ask({ alone: true })
    const transport = world.connected()
    world.begun({ path: "/second" })
    expect(transport.written).toContain("Connection: close")
    transport.tells(ok("x"))
    transport.ends()
    transport.settle()
    expect([exchange.told, world.pool.counts.open]).toEqual([["answered 200"], 2])
  })

  it("ends with the pool", () => {
    const world = new World()
    const exchange = world.ask()
    let empty = false
    world.pool.close(() => {})
    world.pool.whenEmpty(() => (empty = true))
    expect([exchange.told, world.attempted.cancelled, empty]).toEqual([["failed GivenUp"], true, false])
    world.refused("given up")
    expect(empty).toBe(true)
  })

  it("reports its steps to the limits of its request", () => {
    const world = new World()
    const exchange = world.ask({ limits: { ...unlimited, secure: 5 } })
    world.attempted.opening.enter("connect")
    world.timers.advance(10)
    world.attempted.opening.enter("secure")
    expect(exchange.watch?.step).toBe("secure")
    world.timers.advance(5)
    expect(exchange.told).toEqual(["failed TimedOut"])
  })
})

describe("a connection that leaves HTTP", () => {
  it.each([
    [
      "101",
      { method: "GET", headers: ["Upgrade", "x", "Connection", "upgrade"] },
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
    ],
    ["a tunnel", { method: "CONNECT", path: "a.test:80" }, "HTTP/1.1 200 OK\r\n\r\n"]
  ])("by %s belongs to the driver, with the bytes after the head", (_, asked, head) => {
    const world = new World(one)
    world.events.listening = true
    const [exchange, transport] = world.begun({ ...asked, takeOver: true })
    world.ask({ to: hostB })
    transport.tells(`${head}more`)
    expect([exchange.told, exchange.rest, exchange.over]).toEqual([["handed over"], "more", true])
    expect(world.pool.counts).toEqual({ open: 0, idle: 0, connecting: 1 })
    expect(world.events.told.map(({ _tag }) => _tag)).toContain("HandedOver")
    expect(transport.wasReset).toBe(false)
  })
})

describe("events", () => {
  it("report the steps of requests and connections in order", () => {
    const world = new World({ limits: { maxSockets: 1, maxTotalSockets: 1 } })
    world.events.listening = true
    const [, transport] = world.begun({ path: "/first" })
    world.ask({ path: "/second" })
    world.timers.advance(3)
    transport.tells(ok("x"))
    transport.tells(ok("y"))
    world.timers.advance(4_000)
    const shown = world.events.told.map((event) =>
      "id" in event ? `${event.path} ${event._tag}` : `${event.connection} ${event._tag}`
    )
    expect(shown).toEqual([
      "/first Connecting",
      "/first Connected",
      "/first Sent",
      "/second Queued",
      "/first Head",
      "/second Reused",
      "/second Sent",
      "/first End",
      "/second Head",
      "1 Idle",
      "/second End",
      "1 Closed"
    ])
    const ends = world.events.told.flatMap((event) => (event._tag === "End" ? [event.timings] : []))
    const none = { queue: 0, resolve: 0, connect: 0, secure: 0, send: 0, head: 0, body: 0 }
    expect(ends).toEqual([
      { ...none, head: 3, total: 3 },
      { ...none, queue: 3, total: 3 }
    ])
    expect(world.events.told.at(-1)).toMatchObject({
      key: hostA.key,
      age: 4_003,
      reason: "IdleTimeout",
      exchanges: 2
    })
  })

  it("are not created without observers", () => {
    const world = new World()
    const exchange = world.ask()
    expect(exchange.watch).toBe(undefined)
  })
})
