/**
 * How old a connection may become.
 *
 * @since 0.1.0
 * @category age
 */

export interface AgePolicy {
  /**
   * Milliseconds from the moment at which the connection was made; `Infinity`: it may become as old as it
   * likes.
   */
  readonly maxAge: number
  /** The part of `maxAge`, 0 to 1, by which it is shortened at most. */
  readonly jitter: number
}

/**
 * When a connection made at `made` is too old to serve a further request, ms. `chance`: 0 to 1.
 *
 * @since 0.1.0
 * @category age
 */
export const agesAt = (made: number, policy: AgePolicy, chance: number): number =>
  made + policy.maxAge * (1 - policy.jitter * chance)
