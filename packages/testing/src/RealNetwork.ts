/**
 * Fails tests that use the real network although they should run in memory, and lists what they used.
 *
 * It notices connections, listeners, lookups and datagram sockets of this process as they begin, and requests
 * of `fetch`. It blocks nothing, and does not see other processes and threads, nor platforms other than
 * Node.js. Allow intended uses by name.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { Pattern } from "./Conditions.js"
import { matcher } from "./fault/patterns.js"
import { RealSockets, type RealUse } from "./assert/fast/realSockets.js"
import { turn } from "./time/turns.js"

/**
 * One use of the real network.
 *
 * @since 0.1.0
 * @category models
 */
export interface Use {
  /**
   * - `connect`, `listen`: TCP or a Unix path
   * - `connect`, `listen`: of TCP or a Unix path
   * - `lookup`: of a name
   * - `datagram`: a datagram socket, whatever its peer
   * - `fetch`: a request, on any connection
   */
  readonly kind: "connect" | "listen" | "lookup" | "datagram" | "fetch"
  /** `127.0.0.1:5432`, a name, a path, or the method and URL of a request. */
  readonly target: string
  /** Stack trace of its start, innermost frame first, without frames of the platform. */
  readonly stack: ReadonlyArray<string>
}

/**
 * The test used the real network.
 *
 * @since 0.1.0
 * @category errors
 */
export class RealNetworkUsed extends Data.TaggedError("RealNetworkUsed")<{
  /** In the order in which they began. */
  readonly uses: ReadonlyArray<Use>
}> {
  override get message(): string {
    return [
      "the real network was used:",
      ...this.uses.flatMap(({ kind, stack, target }) => [
        `  ${kind} ${target}`,
        ...stack.map((line) => `    ${line}`)
      ])
    ].join("\n")
  }
}

/**
 * Allowed uses.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Peers, names and own addresses that are allowed: `127.0.0.1`, `localhost:5432`, `*.internal`, a path. `*`
   * allows everything. Uses without a name (a datagram socket, a listener on a path) are allowed only by `*`.
   * Default: nothing.
   */
  readonly allow?: Pattern | undefined
}

/**
 * Watches the process until it is stopped.
 *
 * @since 0.1.0
 * @category models
 */
export interface Watch {
  /** Allows more, from now on and for uses not yet read. */
  readonly allow: (pattern: Pattern) => void
  /** The uses since the last read. */
  readonly uses: Effect.Effect<ReadonlyArray<Use>>
  /** Fails if there were any. */
  readonly check: Effect.Effect<void, RealNetworkUsed>
  /** Stops watching. */
  readonly stop: () => void
}

/**
 * Starts watching. The caller must stop it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const unsafeMake = ({ allow }: Options = {}): Watch => {
  const sockets = new RealSockets()
  const allowed = allow === undefined ? [] : [matcher(allow)]
  const isStray = ({ address, names }: RealUse) => !allowed.some((matches) => matches({ address, names }))
  const uses = Effect.map(
    // Node names the target only after the call.
    turn,
    (): ReadonlyArray<Use> =>
      sockets
        .take()
        .filter(isStray)
        .map(({ kind, stack, target }) => ({ kind, target, stack }))
  )
  return {
    allow: (pattern) => void allowed.push(matcher(pattern)),
    uses,
    check: Effect.flatMap(uses, (uses) =>
      uses.length === 0 ? Effect.void : Effect.fail(new RealNetworkUsed({ uses }))
    ),
    stop: () => sockets.stop()
  }
}

/**
 * Runs a test and fails it with {@link RealNetworkUsed} if the process used the real network meanwhile. A
 * test that fails keeps its failure. Concurrent tests are not told apart.
 *
 * @example
 * import { RealNetwork } from "@httpfx/testing"
 * import { Effect } from "effect"
 *
 * const test = Effect.promise(() => fetch("https://example.com/")).pipe(
 *   RealNetwork.check({ allow: "*.internal" }) // RealNetworkUsed: lookup example.com, ...
 * )
 *
 * @since 0.1.0
 * @category assertions
 */
export const check =
  (options?: Options) =>
  <A, E, R>(test: Effect.Effect<A, E, R>): Effect.Effect<A, E | RealNetworkUsed, R> =>
    Effect.acquireUseRelease(
      Effect.sync(() => unsafeMake(options)),
      (watch) => Effect.zipLeft(test, watch.check),
      (watch) => Effect.sync(watch.stop)
    )
