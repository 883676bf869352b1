/**
 * Fails tests that use the real network although they should run in memory. The failure lists each use.
 *
 * A watch detects connections, listeners, lookups, datagram sockets and `fetch` requests of this process when
 * they begin. A watch blocks nothing, does not see other processes and threads, and works only on Node.js. A
 * test can allow intended uses by their names.
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
 * A use of the real network.
 *
 * @since 0.1.0
 * @category models
 */
export interface Use {
  /**
   * - `connect`, `listen`: a connection or a listener, on TCP or a Unix path
   * - `lookup`: a lookup of a name
   * - `datagram`: a datagram socket, whoever its peer is
   * - `fetch`: a request of `fetch`, on a new or a reused connection
   */
  readonly kind: "connect" | "listen" | "lookup" | "datagram" | "fetch"
  /**
   * The target of the use: an address (`127.0.0.1:5432`), a name, a path, or the method and URL of a `fetch`
   * request.
   */
  readonly target: string
  /**
   * Stack trace of the call that began the use, without frames of the platform. The innermost frame is the
   * first.
   */
  readonly stack: ReadonlyArray<string>
}

/**
 * The error for a test that used the real network.
 *
 * @since 0.1.0
 * @category errors
 */
export class RealNetworkUsed extends Data.TaggedError("RealNetworkUsed")<{
  /** The uses, in the order in which they began. */
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
 * The uses of the real network that are allowed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Peers, names and local addresses that are allowed: `127.0.0.1`, `localhost:5432`, `*.internal`, a path.
   * `*` allows everything. Uses without a name (a datagram socket, a listener on a path) are allowed only by
   * `*`. Default: every use is refused.
   */
  readonly allow?: Pattern | undefined
}

/**
 * A watch on the process, which lasts until `stop` is called.
 *
 * @since 0.1.0
 * @category models
 */
export interface Watch {
  /**
   * Allows further uses. Earlier uses that match the pattern are also allowed, unless they were already read.
   */
  readonly allow: (pattern: Pattern) => void
  /** The uses since the last run of `uses` or `check`. */
  readonly uses: Effect.Effect<ReadonlyArray<Use>>
  /** Fails if the process has used the real network since the last run of `uses` or `check`. */
  readonly check: Effect.Effect<void, RealNetworkUsed>
  /** Stops watching. */
  readonly stop: () => void
}

/**
 * Starts a watch. The caller must call `stop` to end the watch.
 *
 * @since 0.1.0
 * @category constructors
 */
export const unsafeMake = ({ allow }: Options = {}): Watch => {
  const sockets = new RealSockets()
  const allowed = allow === undefined ? [] : [matcher(allow)]
  const isStray = ({ address, names }: RealUse) => !allowed.some((matches) => matches({ address, names }))
  const uses = Effect.map(
    // Node reports the target only after the call that began the use, so wait for one turn of the event loop.
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
 * Runs a test, and fails with {@link RealNetworkUsed} if the process used the real network meanwhile. If the
 * test itself fails, its failure is kept. Uses of concurrent tests cannot be distinguished.
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
