/**
 * What a pool is told where an option says nothing else.
 */
import type { PoolOptions } from "./pool.js"
import type { EventSink } from "./watch.js"

export const defaultPoolOptions: PoolOptions = {
  policy: { keepAlive: true, maxFreeSockets: 256, idleTimeout: 4_000, hintBuffer: 1_000 },
  limits: { maxSockets: Infinity, maxTotalSockets: Infinity },
  scheduling: "lifo",
  age: { maxAge: Infinity, jitter: 0.1 },
  keepAliveMsecs: 1_000,
  timeouts: undefined
}

/** Milliseconds that the body of a response may be left unread. */
export const defaultUnreadTimeout = 30_000

/** Milliseconds that the body of a request waits for 100 (Continue). */
export const defaultContinueTimeout = 1_000

/** For a pool that nobody observes. */
export const unobserved: EventSink = {
  listening: false,
  now: () => 0,
  wallTime: () => 0,
  nextId: () => 0,
  publish: () => {}
}
