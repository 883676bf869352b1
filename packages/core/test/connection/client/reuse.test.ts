/**
 * Whether a connection is kept after an exchange, and when an idle connection closes. Each close has its
 * reason.
 */
import { describe, expect, it } from "vitest"
import type { PoolOptions } from "../../../src/connection/client/pool.js"
import { origin } from "../../../src/pool/index.js"
import {
  defaults,
  hostA,
  hostB,
  ok,
  World,
  type Asked,
  type ClientTransport
} from "../../support/connection/clientWorld.js"

const { policy } = defaults
const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
const untilClose = "HTTP/1.1 200 OK\r\n\r\nall of it"

const hostC = origin("http:", "c.test", 80)

const fate = ({ pool }: World): string =>
  pool.counts.idle === 1 ? "idle" : [...pool.closings.keys()].join(", ")

describe("after an exchange a connection", () => {
  it.each<[asked: Asked, response: string, expected: string, options?: Partial<PoolOptions>]>([
    [{}, ok("x"), "idle"],
    [{}, ok("x", "Connection: close"), "ResponseClose"],
    [{}, `${chunked}\r\n1\r\nx\r\n0\r\n\r\n`, "idle"],
    [{}, `${chunked}Connection: close\r\n\r\n1\r\nx\r\n0\r\n\r\n`, "ResponseClose"],
    [{}, ok("x").replace("1.1", "1.0"), "ResponseClose"],
    [{}, ok("x", "Connection: keep-alive").replace("1.1", "1.0"), "idle"],
    [{}, "HTTP/1.1 204 No Content\r\n\r\n", "idle"],
    [{ method: "HEAD" }, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "idle"],
    [{ headers: ["Connection", "close"] }, ok("x"), "RequestClose"],
    [{}, `${ok("x")}HTTP/1.1 200 OK\r\n`, "SurplusBytes"],
    [{ method: "PUT", streams: true }, ok("x"), "RequestUnfinished"],
    [{}, ok("x"), "KeepAliveOff", { policy: { ...policy, keepAlive: false } }],
    [{}, ok("x"), "MaxFreeSockets", { policy: { ...policy, maxFreeSockets: 0 } }],
    [{}, ok("x", "Keep-Alive: timeout=1"), "HintTooShort"],
    [{}, ok("x", "Keep-Alive: timeout=2"), "idle"]
  ])("%j, %j: %s", (asked, response, expected, options) => {
    const world = new World(options)
    const [exchange, transport] = world.begun(asked)
    transport.tells(response)
    expect(exchange.told).toEqual(["answered 200"].map((told) => told.replace("200", response.slice(9, 12))))
    expect(exchange.over).toBe(true)
    expect(fate(world)).toBe(expected)
  })

  it("that TLS ends without close_notify makes an unframed body fail", () => {
    const world = new World()
    const [exchange, transport] = world.begun()
    transport.tells(untilClose)
    Object.assign(transport, { tls: {}, truncated: true })
    transport.ends()
    transport.settle()
    expect(exchange.response?.body.failure).toMatchObject({ _tag: "HangUp" })
  })

  it("whose end frames the body closes", () => {
    const world = new World()
    const [exchange, transport] = world.begun()
    transport.tells(untilClose)
    expect(exchange.over).toBe(false)
    transport.ends()
    transport.settle()
    expect([exchange.response?.read(), exchange.response?.body.ended]).toEqual(["all of it", true])
    expect(world.pool.counts.open).toBe(0)
  })

  it("that must close sends FIN after its output, and is reset if its server does not close too", () => {
    const world = new World()
    const [, transport] = world.begun()
    transport.tells(ok("x", "Connection: close"))
    expect([transport.ended, transport.wasReset]).toEqual([true, false])
    world.timers.advance(999)
    expect(transport.wasReset).toBe(false)
    world.timers.advance(1)
    expect(transport.wasReset).toBe(true)
  })
})

describe("an idle connection", () => {
  const gone = (world: World): ReadonlyArray<string> => [...world.pool.closings.keys()]

  it.each<[after: number, why: string, fields: ReadonlyArray<string>, options?: Partial<PoolOptions>]>([
    [4_000, "IdleTimeout", []],
    [2_000, "HintExpired", ["Keep-Alive: timeout=3"]],
    [4_000, "IdleTimeout", ["Keep-Alive: timeout=30"]],
    [1_500, "MaxAge", [], { age: { maxAge: 1_500, jitter: 0 } }]
  ])("closes after %d ms: %s", (after, why, fields, options) => {
    const world = new World(options)
    const [, transport] = world.begun()
    transport.tells(ok("x", ...fields))
    world.timers.advance(after - 1)
    expect(gone(world)).toEqual([])
    world.timers.advance(1)
    expect(gone(world)).toEqual([why])
    expect(transport.ended).toBe(true)
  })

  it.each<[what: string, happen: (transport: ClientTransport) => void, why: string]>([
    ["FIN", (transport) => transport.ends(), "PeerEof"],
    ["RST", (transport) => transport.fails(), "Failed"],
    ["bytes", (transport) => transport.sends("?"), "SurplusBytes"]
  ])("goes at %s", (_, happen, why) => {
    const world = new World()
    const transport = world.idle()
    happen(transport)
    transport.settle()
    expect(gone(world)).toEqual([why])
    expect(world.pool.counts.idle).toBe(0)
  })

  it("that has expired does not serve, even if the timer is late", () => {
    const world = new World()
    const [, transport] = world.begun()
    transport.tells(ok("x"))
    const { timers } = world
    const now = timers.now() + 5_000
    timers.now = () => now
    world.ask()
    expect([gone(world), world.connector.attempts.length]).toEqual([["IdleTimeout"], 1])
  })

  it.each([
    ["lifo", 1],
    ["fifo", 0]
  ] as const)("is chosen %s", (scheduling, chosen) => {
    const world = new World({ scheduling })
    const both = [world.ask(), world.ask()]
    for (const _ of both) world.connected()
    for (const transport of world.transports) transport.tells(ok())
    world.ask({ path: "/third" })
    expect(world.transports.map(({ written }) => written.includes("/third"))).toEqual(
      [0, 1].map((n) => n === chosen)
    )
  })

  it("that is no longer writable does not serve, even before its error event", () => {
    const world = new World()
    const transport = world.idle()
    transport.closes()
    world.ask()
    expect([gone(world), world.connector.attempts.length]).toEqual([["Failed"], 1])
  })

  it("obeys the Keep-Alive of its own server", () => {
    const world = new World()
    const both = [world.ask(), world.ask()]
    for (const _ of both) world.connected()
    world.transports[0]!.tells(ok("", "Keep-Alive: timeout=2"))
    world.transports[1]!.tells(ok())
    world.timers.advance(1_000)
    expect(world.transports.map(({ ended }) => ended)).toEqual([true, false])
  })

  it("of another origin is closed to free a slot, the longest idle one first", () => {
    const world = new World({ limits: { maxSockets: Infinity, maxTotalSockets: 3 } })
    for (const to of [hostA, hostA, hostB]) world.ask({ to })
    for (const _ of "123") world.connected()
    for (const n of [1, 2, 0]) {
      world.transports[n]!.tells(ok())
      world.timers.advance(1)
    }
    const ended = () => world.transports.map(({ ended }) => ended)
    world.ask({ to: hostC })
    expect([ended(), gone(world)]).toEqual([[false, true, false], ["MadeRoom"]])
    world.ask({ to: hostC })
    expect(ended()).toEqual([false, true, true])
  })
})

describe("queued requests", () => {
  const paths = (transport: ClientTransport): ReadonlyArray<string> =>
    Array.from(transport.written.matchAll(/ (\/\w+) HTTP/g), (match) => match[1]!)

  it("are served in order", () => {
    const world = new World({ limits: { maxSockets: 1, maxTotalSockets: Infinity } })
    const [, transport] = world.begun({ path: "/0" })
    for (const path of ["/1", "/2", "/3"]) world.ask({ path })
    for (const _ of "0123") transport.tells(ok())
    expect(paths(transport)).toEqual(["/0", "/1", "/2", "/3"])
  })

  it("come after one that is resent", () => {
    const world = new World({ limits: { maxSockets: 1, maxTotalSockets: Infinity } })
    const transport = world.idle()
    for (const path of ["/again", "/next"]) world.ask({ path })
    transport.fails()
    transport.settle()
    expect(paths(world.connected())).toEqual(["/again"])
  })

  it("of two origins share free slots", () => {
    const world = new World({ limits: { maxSockets: Infinity, maxTotalSockets: 2 } })
    for (const path of ["/0", "/1"]) world.ask({ path })
    world.connected()
    world.connected()
    world.ask({ path: "/2" })
    world.timers.advance(1)
    world.ask({ to: hostB, path: "/b" })
    world.transports[0]!.tells(ok())
    // `hostB` has no connection, so its request gets the slot, although a request for `hostA` came earlier.
    expect(world.attempted.destination).toBe(hostB)
    expect(world.pool.keys.get(hostA.key)).toEqual({ open: 1, idle: 0, queued: 1 })
  })

  it("do not get a connection above its maximum age", () => {
    const options = { limits: { maxSockets: 1, maxTotalSockets: Infinity }, age: { maxAge: 100, jitter: 0 } }
    const world = new World(options)
    const [, transport] = world.begun()
    world.ask({ path: "/next" })
    world.timers.advance(200)
    transport.tells(ok())
    expect([...world.pool.closings.keys()]).toEqual(["MaxAge"])
    expect(paths(world.connected())).toEqual(["/next"])
  })
})
