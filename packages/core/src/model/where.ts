/**
 * The phase and the progress of an exchange at the time of a failure.
 */

/** The phases of an exchange, in order. `errors/facts.ts` describes each phase. */
export const phases = ["resolve", "connect", "secure", "send", "head", "body", "idle"] as const

export type Phase = (typeof phases)[number]

/** The values of `Written`, which is the part of a request that was written to the connection. */
export const writtenParts = ["none", "some", "all"] as const

export type Written = (typeof writtenParts)[number]

/**
 * The phase and the progress of an exchange when its connection failed. A `ConnectionError` and a client's
 * `ParseError` have these properties.
 *
 * @since 0.1.0
 * @category models
 */
export interface Where {
  /** The phase in which the exchange failed. */
  readonly phase: (typeof phases)[number]
  /** The peer's address, as `host:port` or as the path of a socket. */
  readonly address?: string | undefined
  /** Whether the connection had served an exchange before. Default `false`. */
  readonly reused?: boolean
  /** The part of the request that was written to the connection. Default `none`. */
  readonly written?: (typeof writtenParts)[number]
  /** Number of response bytes received. Default 0. */
  readonly received?: number
}
