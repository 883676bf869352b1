/**
 * The maximum age of connections, after which a connection serves no further request.
 *
 * @since 0.1.0
 * @category age
 */

export interface AgePolicy {
  /** Maximum age in milliseconds, counted from the creation of the connection. `Infinity` means no limit. */
  readonly maxAge: number
  /**
   * Maximum random reduction of `maxAge`, as a fraction from 0 to 1. The reduction keeps connections of equal
   * age from closing together.
   */
  readonly jitter: number
}

/**
 * Returns the time (ms) at which a connection that was created at the time `made` reaches its maximum age.
 * `chance` is a random number from 0 to 1.
 *
 * @since 0.1.0
 * @category age
 */
export const agesAt = (made: number, policy: AgePolicy, chance: number): number =>
  made + policy.maxAge * (1 - policy.jitter * chance)
