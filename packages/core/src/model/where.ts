/**
 * Where in the life of an exchange something happened, and how far the exchange had come.
 */

/** Phases of an exchange, in their order. `errors/facts.ts` documents each. */
export const phases = ["resolve", "connect", "secure", "send", "head", "body", "idle"] as const

export type Phase = (typeof phases)[number]

/** How much of a request had been handed to the connection. */
export const writtenParts = ["none", "some", "all"] as const

export type Written = (typeof writtenParts)[number]

/**
 * Where and how far an exchange had come when its connection failed: the facts of a `ConnectionError`, and of
 * a client's `ParseError`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Where {
  /** Where in the life of a request it happened. */
  readonly phase: (typeof phases)[number]
  /** The peer, `host:port` or a path. */
  readonly address?: string | undefined
  /** The connection had served an exchange before. Default `false`. */
  readonly reused?: boolean
  /** How much of the request had been handed to the connection. Default `none`. */
  readonly written?: (typeof writtenParts)[number]
  /** Bytes of the answer that had come. Default 0. */
  readonly received?: number
}
