/**
 * Connections that are lent to borrowers. They are queued, counted and kept like the connections of requests.
 */
import { describe, expect, it } from "vitest"
import { Loan, type Lease } from "../../../src/connection/client/loan.js"
import type { RequestLoss } from "../../../src/model/loss.js"
import { noHandlers } from "../../../src/seams/transport.js"
import { hostA, ok, World } from "../../support/connection/clientWorld.js"

class Borrowing {
  lease: Lease | undefined = undefined
  loss: RequestLoss | undefined = undefined
  readonly loan: Loan

  constructor(world: World, resendable = true) {
    this.loan = new Loan(hostA, world.pool, resendable, {
      granted: (lease) => void (this.lease = lease),
      failed: (loss) => void (this.loss = loss)
    })
    world.pool.serve(this.loan)
  }
}

const one = { limits: { maxSockets: 1, maxTotalSockets: Infinity } }

describe("a loan", () => {
  it("gets a new connection first, then a reused one", () => {
    const world = new World()
    const first = new Borrowing(world)
    world.connected()
    expect(first.lease?.reused).toBe(false)
    first.lease?.release()
    expect(world.pool.counts).toEqual({ open: 1, idle: 1, connecting: 0 })
    expect(new Borrowing(world).lease?.reused).toBe(true)
  })

  it("waits one turn if its request could not be resent", () => {
    const world = new World()
    world.idle()
    const borrowing = new Borrowing(world, false)
    expect(borrowing.lease).toBe(undefined)
    world.timers.runTurns()
    expect(borrowing.lease?.reused).toBe(true)
  })

  it("shares the queue with requests", () => {
    const world = new World(one)
    const [, transport] = world.begun()
    const borrowing = new Borrowing(world)
    const next = world.ask({ path: "/next" })
    transport.tells(ok())
    expect([borrowing.lease !== undefined, next.connection]).toEqual([true, undefined])
    borrowing.lease?.release()
    expect(transport.written).toContain("/next")
  })

  it("that has ended gets no further events", () => {
    const world = new World()
    const { loan, lease } = new Borrowing(world)
    expect([loan.over, lease]).toEqual([false, undefined])
    const transport = world.connected()
    const borrowed = new Borrowing(world)
    world.connected()
    let closed = 0
    borrowed.lease!.transport.start({ ...noHandlers, close: () => closed++ })
    borrowed.lease!.release()
    expect(closed).toBe(1)
    expect(borrowed.lease!.transport.write("late")).toBe(false)
    expect(transport.written).toBe("")
  })

  it.each<[what: string, end: (lease: Lease) => void, counts: object, sent: object]>([
    ["released", (lease) => lease.release(), { open: 1, idle: 1 }, { ended: false, wasReset: false }],
    ["closed", (lease) => lease.close(), { open: 0, idle: 0 }, { ended: false, wasReset: true }],
    ["kept", (lease) => lease.keep(), { open: 0, idle: 0 }, { ended: false, wasReset: false }]
  ])("%s ends once", (_, end, counts, sent) => {
    const world = new World()
    const borrowing = new Borrowing(world)
    const transport = world.connected()
    end(borrowing.lease!)
    const state = () => {
      transport.settle()
      return { ...world.pool.counts, ended: transport.ended, wasReset: transport.wasReset }
    }
    expect(state()).toMatchObject({ ...counts, ...sent })
    borrowing.lease!.release()
    borrowing.lease!.close()
    borrowing.lease!.keep()
    expect(state()).toMatchObject({ ...counts, ...sent })
  })

  it("whose connection has closed returns nothing to the pool", () => {
    const world = new World()
    const borrowing = new Borrowing(world)
    const transport = world.connected()
    borrowing.lease!.transport.start(noHandlers)
    transport.fails()
    transport.settle()
    borrowing.lease!.release()
    expect(world.pool.counts).toEqual({ open: 0, idle: 0, connecting: 0 })
    expect(world.pool.keys.size).toBe(0)
  })

  it("whose transport was ended is neither kept nor reset", () => {
    const world = new World()
    const borrowing = new Borrowing(world)
    const transport = world.connected()
    borrowing.lease!.transport.end()
    borrowing.lease!.release()
    expect([world.pool.counts.idle, transport.wasReset, [...world.pool.closings.keys()]]).toEqual([
      0,
      false,
      ["PeerEof"]
    ])
  })

  it.each<[when: string, until: (world: World) => void]>([
    ["in a queue", (world) => void world.begun()],
    ["while its connection is made", () => {}]
  ])("that is cancelled %s leaves nothing", (_, until) => {
    const world = new World(one)
    until(world)
    const before = world.pool.counts.open
    const { loan } = new Borrowing(world)
    loan.cancel()
    for (const attempt of [...world.connector.attempts]) {
      expect(attempt.cancelled).toBe(true)
      world.refused("given up", attempt)
    }
    expect(world.pool.counts).toEqual({ open: before, idle: 0, connecting: 0 })
    expect(world.pool.queued).toBe(0)
  })

  it("fails if its connection cannot be established", () => {
    const world = new World()
    const borrowing = new Borrowing(world)
    world.refused("refused")
    expect(borrowing.loss).toEqual({ _tag: "NotConnected", error: "refused" })
  })

  it("is reset with the pool", () => {
    const world = new World()
    const borrowing = new Borrowing(world)
    const transport = world.connected()
    borrowing.lease!.transport.start(noHandlers)
    world.pool.close(() => {})
    transport.settle()
    let empty = false
    world.pool.whenEmpty(() => (empty = true))
    expect([transport.wasReset, empty]).toEqual([true, true])
    expect(new Borrowing(world).loss).toMatchObject({ _tag: "GivenUp", code: "ERR_HTTPFX_CLIENT_CLOSED" })
  })
})
