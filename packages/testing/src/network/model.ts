/**
 * The public types of `MemoryNetwork`: options, connections and service.
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Network from "@httpfx/core/Network"
import type { Address } from "@httpfx/core/Transport"
import type { Conditions, Where } from "../Conditions.js"
import type { Passing, Rule } from "../Verdict.js"

/**
 * Options of a memory network.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Conditions {
  /**
   * Addresses of names. `localhost` resolves too. A name on which a listener was opened resolves to a
   * generated address. All other names fail with `ENOTFOUND`.
   */
  readonly hosts?: Readonly<Record<string, string | ReadonlyArray<string>>> | undefined
  /**
   * The seed of jitter and of random segment sizes. `MemoryNetwork.seed` returns the seed. Default: a seed
   * from Effect's `Random`, which a simulation seeds.
   */
  readonly seed?: number | string | undefined
}

/**
 * One end of a connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface End {
  /** The address of the end. `undefined` for the client of a Unix path. */
  readonly address: Address | undefined
  /**
   * The state of the end (RFC 9293 §3.3.2). In `finWait` the end has sent FIN. In `closeWait` the end has
   * read the peer's FIN. In `closed` the end has done both, or has failed.
   */
  readonly state: "established" | "finWait" | "closeWait" | "closed"
  /** Number of bytes that were written and are still unsent. */
  readonly unsent: number
  /** Number of bytes that have arrived and are still unread. */
  readonly unread: number
}

/**
 * A connection with at least one open end.
 *
 * @since 0.1.0
 * @category models
 */
export interface Connection {
  /** Number of the connection on its network, from 1. */
  readonly id: number
  /** The end that connected. */
  readonly client: End
  /** The end that accepted the connection. */
  readonly server: End
}

/**
 * Inspects and controls a memory network.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The network for the code under test. */
  readonly network: Network.Service
  /** The open connections. The oldest is the first. */
  readonly connections: Effect.Effect<ReadonlyArray<Connection>>
  /** The addresses of all listeners. */
  readonly listeners: Effect.Effect<ReadonlyArray<Address>>
  /** The seed of all randomness of this network. */
  readonly seed: number | string
  /**
   * Changes the conditions of matching connections, both open and future, until the scope closes. If several
   * conditions match a connection, the newest value of each property applies.
   */
  readonly condition: (where: Where, conditions: Conditions) => Effect.Effect<void, never, Scope.Scope>
  /**
   * Installs a rule after the existing rules, until the scope closes. `observe` is called for every event,
   * even if another rule decides on the event.
   */
  readonly rule: (rule: Rule, observe?: (passing: Passing) => void) => Effect.Effect<void, never, Scope.Scope>
  /**
   * Resets all matching connections immediately, so that both ends see RST. Returns the number of
   * connections.
   */
  readonly reset: (where: Where) => Effect.Effect<number>
  /**
   * Sets the addresses to which a name resolves from now on. If the list is empty, lookups of the name fail
   * with `ENOTFOUND`.
   */
  readonly setHost: (name: string, addresses: string | ReadonlyArray<string>) => Effect.Effect<void>
  /**
   * Returns the network for clients on the host with this name. Connections of these clients come from the
   * host's address.
   */
  readonly from: (host: string) => Network.Service
}
