/**
 * Maximum age of connections.
 *
 * @since 0.1.0
 * @category age
 */

export interface AgePolicy {
  /** Maximum age in milliseconds, from the creation of the connection; `Infinity`: no limit. */
  readonly maxAge: number
  /** Maximum random reduction of `maxAge`, as a fraction from 0 to 1. */
  readonly jitter: number
}

/**
 * Returns the time (ms) after which a connection created at `made` serves no further request. `chance` is a
 * random number from 0 to 1.
 *
 * @since 0.1.0
 * @category age
 */
export const agesAt = (made: number, policy: AgePolicy, chance: number): number =>
  made + policy.maxAge * (1 - policy.jitter * chance)
