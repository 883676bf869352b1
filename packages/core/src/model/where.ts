/**
 * Position and progress of an exchange at the time of a failure.
 */

/** Phases of an exchange, in order. `errors/facts.ts` documents them. */
export const phases = ["resolve", "connect", "secure", "send", "head", "body", "idle"] as const

export type Phase = (typeof phases)[number]

/** The values of `Written`: how much of a request was written to the connection. */
export const writtenParts = ["none", "some", "all"] as const

export type Written = (typeof writtenParts)[number]

/**
 * Position and progress of an exchange when its connection failed: the properties of a `ConnectionError` and
 * of a client's `ParseError`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Where {
  /** The phase of the exchange. */
  readonly phase: (typeof phases)[number]
  /** The peer's address: `host:port` or a path. */
  readonly address?: string | undefined
  /** Whether the connection had served an exchange before. Default `false`. */
  readonly reused?: boolean
  /** How much of the request was written to the connection. Default `none`. */
  readonly written?: (typeof writtenParts)[number]
  /** Bytes of the response received. Default 0. */
  readonly received?: number
}
