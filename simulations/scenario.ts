/**
 * One run of the simulation: three services and two hundred clients for ten virtual minutes on a faulty
 * network, and trials at the same time. One seed determines everything.
 *
 * `front` calls `orders`, which calls `stock`. Each is a server that calls the next service through its
 * client. ledger.ts checks the rules. This file checks that everything ends and that nothing leaks.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import * as Supervisor from "effect/Supervisor"
import { PCGRandom } from "effect/Utils"
import * as Client from "@httpfx/core/Client"
import { Network } from "@httpfx/core/Network"
import * as Server from "@httpfx/core/Server"
import * as ServerTimeouts from "@httpfx/core/ServerTimeouts"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"
import * as Simulation from "@httpfx/testing/Simulation"
import { between, type Draw } from "./ask.js"
import { User } from "./client.js"
import { Broken, Ledger } from "./ledger.js"
import { Pipeliner } from "./pipeliner.js"
import { Service, type Next } from "./service.js"
import { playAll } from "./trials/index.js"
import type { Place } from "./trials/trial.js"
import { Trace } from "./trace.js"
import { Weather } from "./weather.js"

export interface Options {
  readonly seed: number
  /** An effect that runs in every handler. Default: no effect. */
  readonly intrude?: Effect.Effect<void> | undefined
  /** Whether only the trials run, without services, clients and faults. Default `false`. */
  readonly trialsOnly?: boolean | undefined
  /** Whether the lines of the trace are stored. Default `false`. */
  readonly keep?: boolean | undefined
}

export interface Report {
  readonly seed: number
  /** Number of requests of clients. */
  readonly requests: number
  /** Number of requests on all connections, including those of services. */
  readonly calls: number
  readonly resent: number
  /** Share of the clients' requests that a fault has hit. */
  readonly met: number
  /** Number of faults by kind. */
  readonly faults: ReadonlyMap<string, number>
  readonly answers: ReadonlyMap<string, number>
  readonly failures: ReadonlyMap<string, number>
  /** Duration in virtual milliseconds. */
  readonly time: number
  /** Number of bytes sent on the network. */
  readonly bytes: number
  readonly trace: string
  readonly lines: ReadonlyArray<string> | undefined
}

const minutes = 60_000
const day = 24 * 60 * minutes
const span = 10 * minutes
const services = ["front", "orders", "stock"]
const machines = Array.from({ length: 8 }, (_, index) => `machine-${index}`)
const users = 190
const pipeliners = 10
const requestsOfEach = 10
// Number of rounds. Each round has two to four requests.
const roundsOfPipeliner = 5
// How often each trial runs, with services and without them.
const timesOfTrial = 1
const timesAlone = 4
// The wait at the end. It is longer than every fault, a server's keep-alive timeout, and the timeouts of
// clients.
const afterwards = 3 * minutes

const chance = (seed: number): ((purpose: string) => Draw) => {
  let purposes = 0
  return () => {
    const generator = new PCGRandom(seed, purposes++, 0, 0)
    return () => generator.number()
  }
}

class Fibers extends Supervisor.AbstractSupervisor<void> {
  readonly value = Effect.void
  readonly alive = new Set<unknown>()

  override onStart(_context: unknown, _effect: unknown, _parent: unknown, fiber: unknown): void {
    this.alive.add(fiber)
  }
  override onEnd(_value: unknown, fiber: unknown): void {
    this.alive.delete(fiber)
  }
}

/** Returns everything that should have ended but has not. */
const leftovers = (
  memory: MemoryNetwork.Service,
  pools: ReadonlyArray<readonly [owner: string, client: Client.Service]>
): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function* () {
    const left = (yield* memory.connections).map(
      ({ client, id, server }) => `connection ${id} is left: client ${client.state}, server ${server.state}`
    )
    for (const [owner, { connections }] of pools) {
      const { connecting, open } = yield* connections
      if (open + connecting > 0) left.push(`the pool of ${owner} has ${open} open, ${connecting} connecting`)
    }
    return left
  })

class World {
  readonly ledger: Ledger
  readonly trace: Trace
  readonly fibers = new Fibers()
  private readonly draws: (purpose: string) => Draw

  constructor(
    private readonly options: Options,
    private readonly memory: MemoryNetwork.Service,
    private readonly clock: Simulation.Service["clock"]
  ) {
    const began = clock.now
    const now = () => clock.now - began
    this.trace = new Trace(now, options.keep ?? false)
    this.ledger = new Ledger(now, (line) => this.trace.line(line))
    this.draws = chance(options.seed)
  }

  private get weather() {
    return new Weather(this.ledger, this.trace, this.draws("weather"), machines, services, span).start
  }

  private client(host: string) {
    return Effect.provideService(Client.make(), Network, this.memory.from(host))
  }

  private readonly servers = Effect.gen(this, function* () {
    const pools: Array<readonly [string, Client.Service]> = []
    let next: Next | undefined
    for (const name of [...services].reverse()) {
      const { app } = new Service(
        name,
        next,
        this.ledger,
        this.draws(name),
        this.options.intrude ?? Effect.void
      )
      const { httpServer } = yield* Server.make({ host: name, port: 80 }).pipe(
        Effect.provideServiceEffect(
          ServerTimeouts.ServerTimeouts,
          ServerTimeouts.make({ keepAliveTimeout: "1 minute" })
        )
      )
      yield* httpServer.serve(app)
      // The previous service calls this service through this client.
      const before = services[services.indexOf(name) - 1]
      if (before === undefined) continue
      const client = yield* this.client(before)
      pools.push([before, client])
      next = { name, client }
    }
    return pools
  })

  private readonly clients = Effect.gen(this, function* () {
    const { draws, ledger, memory } = this
    const settings = { requests: requestsOfEach, span, to: services[0]! }
    const pools: Array<readonly [string, Client.Service]> = []
    for (const machine of machines) pools.push([machine, yield* this.client(machine)])
    const lives = Array.from({ length: users }, (_, index) => {
      const client = pools[index % pools.length]![1]
      return new User(`u${index}`, client, index % 4 === 3, ledger, draws("user"), settings).life
    })
    for (let index = 0; index < pipeliners; index++) {
      const network = memory.from(machines[index % machines.length]!)
      const rounds = { ...settings, requests: roundsOfPipeliner }
      lives.push(new Pipeliner(`p${index}`, network, ledger, draws("pipeliner"), rounds).life)
    }
    return { pools, lives }
  })

  private get trials() {
    const { clock, draws, ledger, memory } = this
    const place = (name: string): Place => ({
      name,
      memory,
      clock,
      draw: draws(name),
      broken: (what) => ledger.broken(what)
    })
    return playAll(place, this.options.trialsOnly === true ? timesAlone : timesOfTrial, span)
  }

  /** Sets the wall clock forward and back, by up to a day. No limit may change. */
  private readonly clockSteps = Effect.suspend(() => {
    const draw = this.draws("clock")
    const set = Effect.sync(() => this.clock.step(between(draw, -day, day)))
    const pause = Effect.suspend(() => Effect.sleep(between(draw, 200, 5_000)))
    return Effect.forever(Effect.zipRight(pause, set))
  })

  /** Runs services and clients under faults, and the trials at the same time. */
  private readonly everything = Effect.gen(this, function* () {
    const { ledger, memory, trials } = this
    const servers = yield* Scope.make()
    const clients = yield* Scope.make()
    const inner = yield* Scope.extend(this.servers, servers)
    const { lives, pools } = yield* Scope.extend(this.clients, clients)
    const weather = yield* Scope.make()
    yield* Scope.extend(this.weather, weather)
    yield* Scope.extend(Effect.forkScoped(this.clockSteps), weather)

    yield* Effect.all([...lives, ...trials], { concurrency: "unbounded", discard: true })
    yield* Scope.close(weather, Exit.void)
    yield* Effect.sleep(afterwards)
    for (const id of ledger.pending) ledger.broken(`never ended: ${id}`)
    const met = ledger.metCount / ledger.requests
    if (met < 0.05 || met > 0.5) ledger.broken(`faults met ${met} of the requests`)
    for (const left of yield* leftovers(memory, [...inner, ...pools])) ledger.broken(left)

    yield* Scope.close(clients, Exit.void)
    yield* Scope.close(servers, Exit.void)
  })

  private readonly onlyTrials = Effect.gen(this, function* () {
    const steps = yield* Effect.fork(this.clockSteps)
    yield* Effect.all(this.trials, { concurrency: "unbounded", discard: true })
    yield* Fiber.interrupt(steps)
    for (const left of yield* leftovers(this.memory, [])) this.ledger.broken(left)
  })

  readonly run = Effect.gen(this, function* () {
    const { clock, ledger, memory, options } = this
    yield* options.trialsOnly === true ? this.onlyTrials : this.everything
    yield* Simulation.settled
    const listeners = yield* memory.listeners
    if (listeners.length > 0) ledger.broken(`${listeners.length} listeners are left`)
    if (clock.size > 0) ledger.broken(`${clock.size} wait for the clock`)
    // The fiber that checks is alive too.
    const alive = this.fibers.alive.size
    if (alive > 0) ledger.broken(`${alive} fibers are left`)
  })
}

const world = (options: Options) =>
  Effect.gen(function* () {
    const { clock, explain } = yield* Simulation.Simulation
    const began = clock.now
    const it = new World(options, yield* MemoryNetwork.MemoryNetwork, clock)
    const { ledger, trace } = it
    yield* explain(() => ["requests under way:", ...ledger.pending, "broken:", ...ledger.violations])
    yield* Effect.supervised(it.run, it.fibers)
    if (ledger.violations.length > 0)
      return yield* new Broken({ seed: options.seed, violations: ledger.violations, lines: trace.lines })
    const report: Report = {
      seed: options.seed,
      requests: ledger.requests,
      calls: ledger.calls,
      resent: ledger.resent,
      met: ledger.requests === 0 ? 0 : ledger.metCount / ledger.requests,
      faults: ledger.faults,
      answers: ledger.answers,
      failures: ledger.failures,
      time: clock.now - began,
      bytes: trace.bytes,
      trace: trace.digest(),
      lines: trace.lines
    }
    return report
  })

/** Runs the simulation. The seed determines the whole run. */
export const simulate = (options: Options) =>
  Simulation.run(
    { seed: options.seed, maxTime: "2 hours", maxSteps: 2_000_000, report: () => {} },
    // Discard the servers' logs, because printing them would take most of the time. The ledger counts the
    // faults.
    Effect.provide(Effect.scoped(world(options)), [
      MemoryNetwork.layer(),
      Logger.remove(Logger.defaultLogger)
    ])
  )
