/**
 * When a connection is too old: so that a changed name, a new instance behind a balancer or a switched deployment gets its
 * traffic, even where a connection is never idle.
 *
 * The chance is given in, once per connection: connections made together must not all end together.
 */

export interface AgePolicy {
  /** Milliseconds from the moment at which the connection was made; `Infinity`: it may become as old as it likes. */
  readonly maxAge: number
  /** The part of `maxAge`, 0 to 1, by which it is shortened at most. */
  readonly jitter: number
}

/** When a connection made at `made` is too old to serve a further request, ms. `chance`: 0 to 1. */
export const agesAt = (made: number, policy: AgePolicy, chance: number): number =>
  made + policy.maxAge * (1 - policy.jitter * chance)
