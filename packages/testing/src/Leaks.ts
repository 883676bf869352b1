/**
 * Fails tests that leak fibers, timers, connections or listeners, or requests that use a connection. The
 * failure lists the leaks.
 *
 * A check never ends a leak itself, and never counts fibers or connections that existed before the test. The
 * system reports a closed socket only some turns of the event loop later. The check therefore first waits up
 * to `patience` for everything to end.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import type * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Supervisor from "effect/Supervisor"
import { ParentSpan } from "effect/Tracer"
import { Client } from "@httpfx/core/Client"
import { Network } from "@httpfx/core/Network"
import { formatAddress } from "@httpfx/core/Transport"
import { watchClock } from "./time/watchedClock.js"
import { WatchedNetwork } from "./network/watched.js"
import { MemoryNetwork, type End } from "./MemoryNetwork.js"
import { microturns, turn } from "./time/turns.js"
import { monotonicNow } from "./time/realTime.js"

/**
 * A single leak.
 *
 * @since 0.1.0
 * @category models
 */
export const Left = Schema.Struct({
  /**
   * - `fiber`: a fiber that runs or is suspended
   * - `timer`: a sleep or timer that has not ended
   * - `socket`: a connection with at least one open end
   * - `listener`: a listener that is not closed
   * - `request`: a request of a client that uses a connection or waits for one
   */
  kind: Schema.Literal("fiber", "timer", "socket", "listener", "request"),
  /** Description of the leak, for people. */
  what: Schema.String
})

/**
 * @since 0.1.0
 * @category models
 */
export type Left = typeof Left.Type

/**
 * The error for a test that leaked.
 *
 * @since 0.1.0
 * @category errors
 */
export class Leaked extends Schema.TaggedError<Leaked>("@httpfx/testing/Leaked")("Leaked", {
  /** All leaks of the test. */
  left: Schema.Array(Left)
}) {
  override get message(): string {
    return [`${this.left.length} leaked:`, ...this.left.map(({ kind, what }) => `  ${kind}: ${what}`)].join(
      "\n"
    )
  }
}

/**
 * Options of a leak check.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Maximum real time for which the check waits for fibers and connections that end by themselves. Default
   * 250 milliseconds.
   */
  readonly patience?: Duration.DurationInput | undefined
}

/**
 * Observes effects for leaks. One watch may observe several effects.
 *
 * @since 0.1.0
 * @category models
 */
export interface Watch {
  /**
   * Runs an effect, and observes its fibers and its sleeps. Also observes the connections and listeners that
   * the effect opens through its `Network`.
   */
  readonly run: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** The leaks that exist when this effect runs. */
  readonly left: Effect.Effect<ReadonlyArray<Left>>
  /** Fails if leaks still exist after `patience`. */
  readonly check: Effect.Effect<void, Leaked>
}

const ends = ({ client, server }: { readonly client: End; readonly server: End }) => {
  const end = (name: string, { address, state, unread, unsent }: End) =>
    `${name} ${address === undefined ? "?" : formatAddress(address)} ${state}, ${unsent} unsent, ${unread} unread`
  return `${end("client", client)}; ${end("server", server)}`
}

// Returns the name of the fiber's span, as a part of a message. A span of another process has no name.
const nameOfSpan = (fiber: Fiber.RuntimeFiber<unknown, unknown>): string => {
  const span = Context.getOption(fiber.currentContext as Context.Context<ParentSpan>, ParentSpan)
  return Option.isSome(span) && span.value._tag === "Span" ? ` in span "${span.value.name}"` : ""
}

/**
 * Creates a watch.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Watch> =>
  Effect.map(Supervisor.track, (supervisor): Watch => {
    const patience = Duration.toMillis(options.patience ?? "250 millis")
    const network = new WatchedNetwork()
    const sleeps = new Map<object, string>()
    const sources: Array<Effect.Effect<ReadonlyArray<Left>>> = []

    const left = Effect.gen(function* () {
      const found: Array<Left> = []
      for (const fiber of yield* supervisor.value)
        if (fiber.unsafePoll() === null)
          found.push({ kind: "fiber", what: `${FiberId.threadName(fiber.id())}${nameOfSpan(fiber)}` })
      for (const what of sleeps.values()) found.push({ kind: "timer", what })
      for (const what of network.listeners) found.push({ kind: "listener", what })
      for (const what of network.connections) found.push({ kind: "socket", what })
      for (const source of sources) found.push(...(yield* source))
      return found
    })

    const check = Effect.gen(function* () {
      yield* microturns()
      const end = monotonicNow() + patience
      while ((yield* left).length > 0 && monotonicNow() < end) yield* turn
      const found = yield* left
      if (found.length > 0) return yield* new Leaked({ left: found })
    })

    // Also watches requests of the client in the context, and new connections of the memory network.
    // Connections that are idle in the client's pool do not count as leaks.
    const around = Effect.gen(function* () {
      const memory = yield* Effect.serviceOption(MemoryNetwork)
      const client = yield* Effect.serviceOption(Client)
      const before = Option.isSome(memory) ? (yield* memory.value.connections).map(({ id }) => id) : []
      const busy = Option.isSome(client) ? client.value.connections : undefined
      const busyBefore =
        busy === undefined ? 0 : yield* Effect.map(busy, (now) => now.open - now.idle + now.connecting)
      const idleBefore = busy === undefined ? 0 : yield* Effect.map(busy, (now) => now.idle)
      sources.push(
        Effect.gen(function* () {
          const counts = busy === undefined ? undefined : yield* busy
          const requests =
            counts === undefined ? 0 : counts.open - counts.idle + counts.connecting - busyBefore
          const found: Array<Left> = []
          for (let index = 0; index < requests; index++)
            found.push({ kind: "request", what: "the client in the context has a connection in use" })
          if (Option.isNone(memory)) return found
          const fresh = (yield* memory.value.connections).filter(({ id }) => !before.includes(id))
          const idle = Math.max((counts?.idle ?? 0) - idleBefore, 0)
          if (fresh.length > idle) for (const pair of fresh) found.push({ kind: "socket", what: ends(pair) })
          return found
        })
      )
    })

    const run: Watch["run"] = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.clockWith((clock) => {
        const watched = Effect.mapInputContext(effect, (context: Context.Context<R>): Context.Context<R> => {
          const service = Context.getOption(context, Network)
          if (Option.isNone(service)) return context
          return Context.add(context, Network, network.watch(service.value)) as Context.Context<R>
        })
        return Effect.zipRight(
          around,
          watched.pipe(Effect.supervised(supervisor), Effect.withClock(watchClock(clock, sleeps)))
        )
      })

    return { run, left, check }
  })

/**
 * Runs a test and fails with `Leaked` if the test leaks. Leaks are fibers that the test forked (daemons too),
 * sleeps, and connections and listeners that the test opened through its `Network`. In-flight requests of a
 * `Client` in the context are leaks too. All other new connections of a `MemoryNetwork` in the context are
 * leaks, except idle connections of that `Client`.
 *
 * For a test with a scope use `checkScoped`, which closes the scope first. If the test itself fails, its
 * failure is kept and the check is skipped.
 *
 * @example
 * import { it } from "@effect/vitest"
 * import { Leaks, MemoryNetwork } from "@httpfx/testing"
 * import { Effect } from "effect"
 *
 * const test = Effect.void // ... servers and clients ...
 *
 * it.effect("leaves nothing", () => Leaks.check(test).pipe(Effect.provide(MemoryNetwork.layer())))
 *
 * @since 0.1.0
 * @category assertions
 */
export const check = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  options?: Options
): Effect.Effect<A, E | Leaked, R> =>
  Effect.flatMap(make(options), (watch) => Effect.zipLeft(watch.run(effect), watch.check))

/**
 * Does the same as {@link check} for a test with a scope. The scope is closed before the check.
 *
 * @since 0.1.0
 * @category assertions
 */
export const checkScoped = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  options?: Options
): Effect.Effect<A, E | Leaked, Exclude<R, Scope.Scope>> => check(Effect.scoped(effect), options)

/**
 * Observes a layer while it is built and used. Dies with `Leaked` if leaks exist after the release of the
 * layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const checkLayer = <A, E, R>(inner: Layer.Layer<A, E, R>, options?: Options): Layer.Layer<A, E, R> =>
  Layer.scopedContext(
    Effect.gen(function* () {
      const watch = yield* make(options)
      yield* Effect.addFinalizer(() => Effect.orDie(watch.check))
      return yield* watch.run(Layer.build(inner))
    })
  )
