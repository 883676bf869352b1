/**
 * A pool to explore. Requests and loans for two origins arrive, servers respond, connections end, and time
 * advances.
 */
import { Loan, type Lease } from "../../../src/connection/client/loan.js"
import type { Destination } from "../../../src/connection/client/ports.js"
import { isIdempotent, type ConnectionLimits } from "../../../src/pool/index.js"
import {
  ok,
  World as Client,
  type Asked,
  type ClientTransport,
  type TestExchange
} from "../connection/clientWorld.js"
import { expect, type World } from "./world.js"

/** A request to make or a connection to borrow. The path of a request identifies its response. */
export type Coming = Asked | { readonly borrow: Destination }

interface Borrowed {
  readonly loan: Loan
  lease: Lease | undefined
  ended: boolean
}

/** Returns the paths of the requests that were written to a connection, in order. */
const pathsIn = (written: string): ReadonlyArray<string> =>
  Array.from(written.matchAll(/(?:GET|POST) (\/\d) HTTP/g), (match) => match[1]!)

/** The state of the server on one connection. */
interface Served {
  answers: number
  /** The bytes that follow a head that was sent. */
  rest: string | undefined
  over: boolean
  /** Whether the server has sent bytes after its response. */
  surplus: boolean
  /** Number of requests that were written before the server ended the connection. */
  before: number
}

type Step = readonly [name: string, happen: () => void]

export class ClientWorld implements World {
  private readonly world: Client
  private readonly exchanges: Array<TestExchange> = []
  private readonly borrowed: Array<Borrowed> = []
  private readonly served: Array<Served> = []

  constructor(
    private readonly limits: ConnectionLimits,
    private readonly coming: ReadonlyArray<Coming>
  ) {
    this.world = new Client({ limits })
    this.world.events.listening = true
  }

  private come(next: Coming): void {
    if (!("borrow" in next)) return void this.exchanges.push(this.world.ask(next))
    const borrowed: Borrowed = {
      loan: new Loan(next.borrow, this.world.pool, false, {
        granted: (lease) => (borrowed.lease = lease),
        failed: () => (borrowed.ended = true)
      }),
      lease: undefined,
      ended: false
    }
    this.borrowed.push(borrowed)
    this.world.pool.serve(borrowed.loan)
  }

  enabled(): ReadonlyArray<string> {
    return this.steps.map(([name]) => name)
  }

  act(event: string): void {
    this.steps.find(([name]) => name === event)![1]()
  }

  check(): void {
    this.count(expect)
    this.places(expect)
    this.exchanges.forEach((exchange) => this.judge(exchange, expect))
    this.world.transports.forEach((transport, n) => this.judgeConnection(transport, this.served[n], expect))
  }

  private get steps(): ReadonlyArray<Step> {
    const { connector, timers } = this.world
    const steps: Array<Step> = []
    const next = this.coming[this.exchanges.length + this.borrowed.length]
    if (next !== undefined) steps.push(["next", () => this.come(next)])
    connector.attempts.forEach((attempt, n) => {
      if (!attempt.cancelled) steps.push([`connect ${n}`, () => void this.world.connected(attempt)])
      steps.push([`refuse ${n}`, () => this.world.refused("refused", attempt)])
    })
    this.world.transports.forEach((transport, n) => {
      if (transport.closed) return
      steps.push([`tell ${n}`, () => void transport.step()])
      steps.push(...this.server(n))
    })
    this.exchanges.forEach((exchange, n) => {
      if (!exchange.over) steps.push([`interrupt ${n}`, () => void exchange.interrupt()])
    })
    this.borrowed.forEach((borrowed, n) => {
      const end = (name: string, how: () => void): Step => [
        `${name} ${n}`,
        () => {
          borrowed.ended = true
          how()
        }
      ]
      const { ended, lease, loan } = borrowed
      if (ended) return
      if (lease === undefined) return void steps.push(end("cancel", () => loan.cancel()))
      steps.push(end("release", lease.release), end("shut", lease.close), end("keep", lease.keep))
    })
    if (timers.turns > 0) steps.push(["turn", () => this.turn()])
    const [deadline] = timers.deadlines
    if (deadline !== undefined) steps.push(["time", () => timers.advance(deadline - timers.now(), () => {})])
    return steps
  }

  /** Runs one turn of the event loop. Bytes that have arrived are read first. */
  private turn(): void {
    for (const transport of this.world.transports) transport.settle()
    this.world.timers.runTurns()
  }

  /** Returns the actions that the server can perform on a connection. `tell` delivers their results. */
  private server(n: number): ReadonlyArray<Step> {
    const transport = this.world.transports[n]!
    const served = (this.served[n] ??= {
      answers: 0,
      rest: undefined,
      over: false,
      surplus: false,
      before: 0
    })
    if (served.over || transport.wasReset) return []
    const over = () => {
      served.over = true
      served.before = pathsIn(transport.written).length
    }
    const end: ReadonlyArray<Step> = [
      [`FIN ${n}`, () => (over(), transport.ends())],
      [`RST ${n}`, () => (over(), transport.fails())]
    ]
    const { rest } = served
    if (rest !== undefined)
      return [...end, [`rest ${n}`, () => ((served.rest = undefined), transport.sends(rest))]]
    const path = pathsIn(transport.written)[served.answers]
    if (path === undefined) {
      // Deliver these bytes at once. If they were read after the next request was written, they would be its
      // response.
      const surplus = () => {
        served.surplus = true
        transport.tells("HTTP/1.1 408 Request Timeout\r\n\r\n")
      }
      return transport.isPaused || transport.untold.length > 0 ? end : [...end, [`surplus ${n}`, surplus]]
    }
    const answer = (text: string) => {
      served.answers++
      transport.sends(text)
    }
    const head = (text: string) => {
      served.rest = path
      answer(text.slice(0, -path.length))
    }
    return [
      ...end,
      [`answer ${n}`, () => answer(ok(path))],
      [`last answer ${n}`, () => answer(ok(path, "Connection: close"))],
      [`head ${n}`, () => head(ok(path))]
    ]
  }

  /** The parts of the state that determine the possible events, as text. */
  get key(): string {
    const { connector, pool, timers, transports } = this.world
    const now = timers.now()
    return JSON.stringify([
      this.exchanges.map(({ over, waiter, attempt, told, written, resent, reused, connection, response }) => [
        ...[over, waiter !== undefined, attempt !== undefined, told, written, resent, reused],
        ...[connection?.number, response?.body.received]
      ]),
      this.borrowed.map(({ ended, lease, loan }) => [
        ...[ended, lease !== undefined, loan.over, loan.waiter !== undefined, loan.attempt !== undefined]
      ]),
      transports.map(({ written, ended, wasReset, closed, referenced, untold }, n) => [
        ...[pathsIn(written), ended, wasReset, closed, referenced, untold, this.served[n]]
      ]),
      connector.attempts.map(({ destination, cancelled }) => [destination.key, cancelled]),
      [...pool.keys].map(([key, { idle, open, queued }]) => [key, idle, open, queued]),
      timers.turns,
      timers.deadlines.map((deadline) => deadline - now)
    ])
  }

  private count(must: Must): void {
    const { connector, events, pool, transports } = this.world
    const handedOver = events.told.flatMap((event) => (event._tag === "HandedOver" ? [event.connection] : []))
    const alive = transports.filter(({ closed }, n) => !closed && !handedOver.includes(n + 1))
    const idle = alive.filter(({ ended, referenced, wasReset }) => !ended && !wasReset && !referenced)
    must(pool.counts.open === alive.length, "connections are counted wrongly")
    must(pool.counts.idle <= idle.length, "idle connections are counted wrongly")
    must(pool.counts.connecting === connector.attempts.length, "attempts are counted wrongly")
    const places = [...pool.keys.values()].reduce((sum, { open }) => sum + open, 0)
    const serving = alive.filter(({ ended, wasReset }) => !ended && !wasReset)
    must(places === serving.length + connector.attempts.length, "places are counted wrongly")
    const served = [...this.exchanges, ...this.borrowed.map(({ loan }) => loan)]
    const given = served.filter(({ attempt, over }) => over && attempt !== undefined)
    const cancelled = connector.attempts.filter((attempt) => attempt.cancelled)
    must(given.length === cancelled.length, "an attempt for nobody goes on, or one for somebody does not")
    const waiting = served.filter(({ over, waiter }) => !over && waiter !== undefined)
    must(pool.queued === waiting.length, "what waits is counted wrongly")
    const ends = events.told.filter(({ _tag }) => _tag === "End" || _tag === "Error")
    must(ends.length === this.exchanges.filter(({ over }) => over).length, "ends are told wrongly")
  }

  private places(must: Must): void {
    const { counts, keys } = this.world.pool
    const { maxSockets, maxTotalSockets } = this.limits
    const states = [...keys]
    const total = states.reduce((sum, [, { open }]) => sum + open, 0)
    must(total <= maxTotalSockets, "there are more connections than the limit allows")
    for (const [key, { idle, open, queued }] of states) {
      must(open <= maxSockets, `${key} has more connections than the limit allows`)
      if (queued === 0) continue
      must(idle === 0, `${key} waits, and a connection to it is idle`)
      if (open >= maxSockets) continue
      must(counts.idle === 0, `${key} waits, and another's connection is idle`)
      must(total >= maxTotalSockets, `${key} waits, and a place is free`)
    }
  }

  private judge(exchange: TestExchange, must: Must): void {
    const { attempt, connection, over, request, resent, response, told, waiter } = exchange
    const { method, path } = request
    const sent = this.world.transports.filter(({ written }) => pathsIn(written).includes(path))
    must(sent.length <= (isIdempotent(method) ? 2 : 1), `${path} was sent ${sent.length} times`)
    must(sent.length < 2 || resent === 1, `${path} was sent again, and does not say so`)
    must(
      resent === 0 || isIdempotent(method) || sent.length === 0,
      `${path} is to be sent again, and a byte of it was written`
    )
    const [first, second] = sent
    if (first !== undefined && second !== undefined) {
      const answers = this.served[this.world.transports.indexOf(first)]?.answers ?? 0
      must(answers <= pathsIn(first.written).indexOf(path), `${path} was sent again although it was answered`)
    }
    must(
      second === undefined || pathsIn(second.written)[0] === path,
      `${path} was sent again, not on a fresh connection`
    )
    must(told.length === (over || response !== undefined ? 1 : 0), `${path} was told ${told.length} times`)
    must(["", path].includes(response?.read() ?? ""), `${path} got the response of another request`)
    must(!over || waiter === undefined, `${path} is over, and waits`)
    must(!over || connection === undefined, `${path} is over, and has a connection`)
    const places = [waiter, attempt, connection].filter((place) => place !== undefined)
    must(over || places.length === 1 || this.world.timers.turns > 0, `${path} has ${places.length} places`)
  }

  private judgeConnection(transport: ClientTransport, served: Served | undefined, must: Must): void {
    if (served === undefined) return
    const { ended, untold, wasReset, written } = transport
    const closes = ended || wasReset || transport.closed
    must(!served.surplus || closes, "a connection with surplus bytes goes on")
    must(
      !served.over || untold.length > 0 || closes || this.isLent(transport),
      "a connection that has ended goes on"
    )
    const late = served.over ? pathsIn(written).slice(served.before) : []
    const lost = late.filter((path) =>
      this.exchanges.some(({ request }) => request.path === path && !isIdempotent(request.method))
    )
    must(lost.length === 0, `${lost.join(", ")} was sent to a server that had gone`)
  }

  private isLent(transport: ClientTransport): boolean {
    return this.borrowed.some(({ lease }) => lease !== undefined && transport.isPaused)
  }

  /** Closes the pool, and everything that is still open. */
  settle(): void {
    const { connector, pool, timers, transports } = this.world
    let empty = false
    pool.close(() => {})
    pool.whenEmpty(() => (empty = true))
    for (const attempt of [...connector.attempts]) this.world.refused("given up", attempt)
    timers.runTurns()
    pool.reset()
    for (const transport of transports) transport.settle()
    expect(empty, "the pool does not end")
    expect(timers.deadlines.length === 0, "a timer is left")
    for (const { over, request } of this.exchanges) expect(over, `${request.path} does not end`)
  }
}

type Must = (holds: boolean, what: string) => void
