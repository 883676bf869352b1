/**
 * Stray use of the real network: a test that is to run in memory and reaches for the system's network after
 * all is failed, with what it has reached for by name.
 *
 * It sees connections, listeners, look-ups and datagrams of this process as they begin, and requests of
 * `fetch`; nothing is held up, and nothing is told of other processes and threads, or where the platform is
 * not Node.js. What a test wants, it allows by name.
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
 * One thing that was begun with the real network.
 *
 * @since 0.1.0
 * @category models
 */
export interface Use {
  /**
   * - `connect`, `listen`: of TCP or a Unix path
   * - `lookup`: of a name
   * - `datagram`: a socket for datagrams, whomever it sends to
   * - `fetch`: a request, on whatever connection
   */
  readonly kind: "connect" | "listen" | "lookup" | "datagram" | "fetch"
  /** `127.0.0.1:5432`, a name, a path, or method and URL of a request. */
  readonly target: string
  /** Where it was begun, innermost first, without frames of the platform. */
  readonly stack: ReadonlyArray<string>
}

/**
 * The real network was used.
 *
 * @since 0.1.0
 * @category errors
 */
export class RealNetworkUsed extends Data.TaggedError("RealNetworkUsed")<{
  /** In the order in which they were begun. */
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
 * What is no stray use.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Who may be reached, looked up and listened on: `127.0.0.1`, `localhost:5432`, `*.internal`, a path. What
   * has no name here (a socket for datagrams, a listener on a path) is allowed by `*`, as all is. Default:
   * nobody.
   */
  readonly allow?: Pattern | undefined
}

/**
 * Looks at the process from the call on, until it is stopped.
 *
 * @since 0.1.0
 * @category models
 */
export interface Watch {
  /** Allows more, from now on and for what was not asked for yet. */
  readonly allow: (pattern: Pattern) => void
  /** What was used since the last time it was asked for. */
  readonly uses: Effect.Effect<ReadonlyArray<Use>>
  /** Fails with that. */
  readonly check: Effect.Effect<void, RealNetworkUsed>
  /** Looks no more. */
  readonly stop: () => void
}

/**
 * Begins to look. Whoever calls it stops it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const unsafeMake = ({ allow }: Options = {}): Watch => {
  const sockets = new RealSockets()
  const allowed = allow === undefined ? [] : [matcher(allow)]
  const isStray = ({ address, names }: RealUse) => !allowed.some((matches) => matches({ address, names }))
  const uses = Effect.map(
    // Node says behind the call what it is about.
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
 * Runs a test and fails it with {@link RealNetworkUsed} if the process has used the real network meanwhile. A
 * test that fails keeps its failure. Tests that run at the same time are not told apart.
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
