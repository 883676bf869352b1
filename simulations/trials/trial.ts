/**
 * Trials: short conversations whose course is known to the millisecond, on hosts without faults.
 *
 * They run beside the services, on the same network and clock. Each draws a case, computes its end and time,
 * plays it, and reports every difference to the ledger.
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

/** The surroundings of a trial. */
export interface Place {
  /** A unique host name. */
  readonly name: string
  readonly memory: MemoryNetwork.Service
  readonly clock: Simulation.Service["clock"]
  readonly draw: Draw
  readonly broken: (what: string) => void
}

export type Trial = (place: Place) => Effect.Effect<void, unknown, Scope.Scope>

// Longer than a client waits for its peer's close.
const afterwards = "3 seconds"
// Longer than any trial; one that has not ended by then hangs.
const longest = "30 minutes"

/** Plays a trial; never fails. */
export const play = (name: string, trial: Trial, place: Place): Effect.Effect<void> =>
  Effect.scoped(Effect.zipLeft(trial(place), Effect.sleep(afterwards))).pipe(
    Effect.timeoutFail({ duration: longest, onTimeout: () => "it has not ended" }),
    Effect.exit,
    Effect.map((exit) => {
      if (Exit.isFailure(exit)) place.broken(`${name}: ${String(exit.cause)}`)
    })
  )

/** Reports a difference. */
export const same = (place: Place, what: string, got: unknown, wanted: unknown): void => {
  const [a, b] = [got, wanted].map((each) =>
    JSON.stringify(each, (_, value: unknown) => value ?? "undefined")
  )
  if (a !== b) place.broken(`${place.name}: ${what}: ${a}, wanted ${b}`)
}

/** Milliseconds of the clock that all waits use, since its start. */
export const now = ({ clock }: Place): number => clock.now

/** A host of the trial. */
export const host = ({ name }: Place, which = "server"): string => `${name}-${which}`

/**
 * Listens on a host of the trial; a script plays each connection, which is closed after script and client
 * have ended.
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

/** Opens a scripted connection, from a host of that name. */
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

/** A server of the toolkit on a host of the trial. */
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

/** An agent of the toolkit on a host of the trial. */
export const agent = (
  place: Place,
  options: Agent.Options = {},
  which = "client"
): Effect.Effect<Agent.Service, unknown, Scope.Scope> =>
  Effect.provideService(Agent.make(options), Network, place.memory.from(host(place, which)))

/** A multiple of ten in the range: limits with other last digits never fall on the same millisecond. */
export const tens = (draw: Draw, low: number, high: number): number =>
  10 * (Math.ceil(low / 10) + Math.floor(draw() * ((high - low) / 10 + 1)))
