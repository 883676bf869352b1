/**
 * The public types of a memory network: options, connections, service. Part of `MemoryNetwork`.
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Network from "@httpfx/core/Network"
import type { Address } from "@httpfx/core/Transport"
import type { Conditions, Where } from "../Conditions.js"
import type { Passing, Rule } from "../Verdict.js"

/**
 * Names, conditions and seed of a memory network.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Conditions {
  /**
   * Addresses of names. `localhost` is known too, and so is every name that was listened on, which gets a
   * generated address. Others do not resolve (`ENOTFOUND`).
   */
  readonly hosts?: Readonly<Record<string, string | ReadonlyArray<string>>> | undefined
  /**
   * The seed of jitter and of random segment sizes. Default: drawn from Effect's `Random`, which a simulation
   * seeds. `MemoryNetwork.seed` returns it.
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
  /** Its address; `undefined` for the client of a Unix path. */
  readonly address: Address | undefined
  /**
   * `finWait`: has sent FIN; `closeWait`: has read the peer's FIN; `closed`: both, or failed (RFC 9293
   * §3.3.2).
   * §3.3.2).
   */
  readonly state: "established" | "finWait" | "closeWait" | "closed"
  /** Bytes written and not yet sent. */
  readonly unsent: number
  /** Bytes that arrived and were not read. */
  readonly unread: number
}

/**
 * A connection of which at least one end is not closed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Connection {
  /** Number of the connection on its network, from 1. */
  readonly id: number
  /** The end that connected. */
  readonly client: End
  /** The end that listened. */
  readonly server: End
}

/**
 * Control over a memory network.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The network itself, for the code under test. */
  readonly network: Network.Service
  /** The open connections, oldest first; empty if nothing was left behind. */
  readonly connections: Effect.Effect<ReadonlyArray<Connection>>
  /** The addresses of all listeners. */
  readonly listeners: Effect.Effect<ReadonlyArray<Address>>
  /** The seed of all randomness of this network. */
  readonly seed: number | string
  /**
   * Changes the conditions of matching connections, open ones too, until the scope closes. The newest wins,
   * property by property.
   */
  readonly condition: (where: Where, conditions: Conditions) => Effect.Effect<void, never, Scope.Scope>
  /**
   * Installs a rule behind the existing ones until the scope closes. `observe` is called for everything that
   * passes, whichever rule decides.
   */
  readonly rule: (rule: Rule, observe?: (passing: Passing) => void) => Effect.Effect<void, never, Scope.Scope>
  /** Resets matching connections now; both ends see it. Returns how many. */
  readonly reset: (where: Where) => Effect.Effect<number>
  /** Sets the addresses that a name resolves to from now on; an empty list: none (`ENOTFOUND`). */
  readonly setHost: (name: string, addresses: string | ReadonlyArray<string>) => Effect.Effect<void>
  /** The network as seen from the host of that name: its connections come from the host's address. */
  readonly from: (host: string) => Network.Service
}
