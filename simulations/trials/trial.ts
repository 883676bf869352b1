/**
 * Trials: short conversations whose course is known to the millisecond, between hosts without faults.
 *
 * They run at the same time as the services, on the same network and clock. Each trial draws a case, computes
 * its end and time, runs it, and reports every difference to the ledger.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as Agent from "@httpfx/core/Agent"
import { Network } from "@httpfx/core/Network"
import * as Server from "@httpfx/core/Server"
import * as ServerTimeouts from "@httpfx/core/ServerTimeouts"
import type * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"
import type * as Simulation from "@httpfx/testing/Simulation"
import type { HttpApp } from "@effect/platform"
import { tcp } from "@httpfx/core/Transport"
import type { Draw } from "../ask.js"
import { Wire } from "./wire.js"

/** The network, the clock and the random numbers of a trial. */
export interface Place {
  /** The name of the trial's hosts, which is unique. */
  readonly name: string
  readonly memory: MemoryNetwork.Service
  readonly clock: Simulation.Service["clock"]
  readonly draw: Draw
  readonly broken: (what: string) => void
}

export type Trial = (place: Place) => Effect.Effect<void, unknown, Scope.Scope>

// Wait longer than a client waits for its peer's close.
const afterwards = "3 seconds"
// The maximum duration of a trial. A trial that runs longer counts as hanging.
const longest = "30 minutes"

/** Runs a trial. Never fails. */
export const play = (name: string, trial: Trial, place: Place): Effect.Effect<void> =>
  Effect.scoped(Effect.zipLeft(trial(place), Effect.sleep(afterwards))).pipe(
    Effect.timeoutFail({ duration: longest, onTimeout: () => "it has not ended" }),
    Effect.exit,
    Effect.map((exit) => {
      if (Exit.isFailure(exit)) place.broken(`${name}: ${String(exit.cause)}`)
    })
  )

/** Reports a difference to the ledger if the values are not equal. */
export const same = (place: Place, what: string, got: unknown, wanted: unknown): void => {
  const [a, b] = [got, wanted].map((each) =>
    JSON.stringify(each, (_, value: unknown) => value ?? "undefined")
  )
  if (a !== b) place.broken(`${place.name}: ${what}: ${a}, wanted ${b}`)
}

/** Returns the time of the clock that all waits use, ms. */
export const now = ({ clock }: Place): number => clock.now

/** Returns the name of a host of the trial. */
export const host = ({ name }: Place, which = "server"): string => `${name}-${which}`

/**
 * Listens on a host of the trial. Runs a script on each connection, and closes the connection when script and
 * client have ended.
 */
export const listen = (
  place: Place,
  script: (wire: Wire, index: number) => Effect.Effect<void>,
  which = "server"
): Effect.Effect<ReadonlyArray<Wire>, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const run = Runtime.runFork(yield* Effect.runtime<never>())
    const wires: Array<Wire> = []
    const scripts: Array<Fiber.RuntimeFiber<void>> = []
    yield* Effect.addFinalizer(() =>
      Effect.zipRight(
        Fiber.interruptAll(scripts),
        Effect.sync(() => wires.forEach(({ transport }) => transport.reset()))
      )
    )
    yield* place.memory.network.listen({ host: host(place, which), port: 80 }, (transport) => {
      const wire = new Wire(transport, () => place.clock.now)
      const close = Effect.map(
        wire.until(() => wire.ended),
        () => transport.end()
      )
      scripts.push(run(Effect.zipRight(script(wire, wires.push(wire) - 1), close)))
    })
    return wires
  })

/** Connects from a host with this name. Returns the scripted connection. */
export const connect = (
  place: Place,
  from = "client",
  which = "server"
): Effect.Effect<Wire, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const network = place.memory.from(host(place, from))
    const [{ address }] = yield* network.resolve(host(place, which))
    const transport = yield* network.connect(tcp(address, 80))
    const wire = new Wire(transport, () => place.clock.now)
    yield* Effect.addFinalizer(() => Effect.sync(() => transport.reset()))
    return wire
  })

/** Starts one of our servers on a host of the trial. */
export const serve = (
  place: Place,
  app: HttpApp.Default<never, Scope.Scope>,
  options: Server.ServerOptions = {},
  timeouts: ServerTimeouts.Options = {},
  which = "server"
): Effect.Effect<Server.Service, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const server = yield* Server.make({ host: host(place, which), port: 80, ...options }).pipe(
      Effect.provideServiceEffect(ServerTimeouts.ServerTimeouts, ServerTimeouts.make(timeouts)),
      Effect.provideService(Network, place.memory.network)
    )
    yield* server.httpServer.serve(app)
    return server
  })

/** Creates one of our agents on a host of the trial. */
export const agent = (
  place: Place,
  options: Agent.Options = {},
  which = "client"
): Effect.Effect<Agent.Service, unknown, Scope.Scope> =>
  Effect.provideService(Agent.make(options), Network, place.memory.from(host(place, which)))

/**
 * Draws a multiple of ten in the range. Limits have other last digits, so they never expire at the same
 * millisecond.
 */
export const tens = (draw: Draw, low: number, high: number): number =>
  10 * (Math.ceil(low / 10) + Math.floor(draw() * ((high - low) / 10 + 1)))
