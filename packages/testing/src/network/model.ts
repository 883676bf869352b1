/**
 * A network in memory as its users see it: its options, its connections, its service. Part of
 * `MemoryNetwork`.
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Network from "@httpfx/core/Network"
import type { Address } from "@httpfx/core/Transport"
import type { Conditions, Where } from "../Conditions.js"
import type { Passing, Rule } from "../Verdict.js"

/**
 * A network in memory: its names, its conditions, its chance.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Conditions {
  /**
   * Addresses of names. Besides these are known: `localhost`, and every name that was listened on, which has
   * a made-up address of its own. Others do not resolve (`ENOTFOUND`).
   */
  readonly hosts?: Readonly<Record<string, string | ReadonlyArray<string>>> | undefined
  /**
   * Where jitter and drawn segment sizes come from. Default: drawn from Effect's `Random`, which in a
   * simulation comes from its seed. `MemoryNetwork.seed` tells it.
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
   * `finWait`: it has sent FIN; `closeWait`: it has read the peer's; `closed`: both, or it failed (RFC 9293
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
 * What there is to know and to do about a network in memory.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** The network itself, for who runs on it. */
  readonly network: Network.Service
  /** What is open now, oldest first: empty when nothing was left behind. */
  readonly connections: Effect.Effect<ReadonlyArray<Connection>>
  /** The addresses that are listened on. */
  readonly listeners: Effect.Effect<ReadonlyArray<Address>>
  /** Where all chance in this network comes from. */
  readonly seed: number | string
  /**
   * Until the scope closes these connections, open ones too, have these conditions. The newest wins, property
   * by property.
   */
  readonly condition: (where: Where, conditions: Conditions) => Effect.Effect<void, never, Scope.Scope>
  /**
   * Until the scope closes the rule is asked for what passes, after those that were installed before.
   * `observe` is told of everything that passes, whichever rule decides.
   */
  readonly rule: (rule: Rule, observe?: (passing: Passing) => void) => Effect.Effect<void, never, Scope.Scope>
  /** Resets these connections now; both ends see it. Gives how many they were. */
  readonly reset: (where: Where) => Effect.Effect<number>
  /** What a name resolves to from now on; an empty list: nothing (`ENOTFOUND`). */
  readonly setHost: (name: string, addresses: string | ReadonlyArray<string>) => Effect.Effect<void>
  /** The same network as a host of that name uses it: its connections come from the host's address. */
  readonly from: (host: string) => Network.Service
}
