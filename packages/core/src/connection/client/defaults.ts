/**
 * Default options of client pools and of their requests.
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

/** Default time that a response body may stay unread, ms. */
export const defaultUnreadTimeout = 30_000

/** Default time that a request body waits for 100 (Continue), ms. */
export const defaultContinueTimeout = 1_000

/** Event sink for a pool without observers. */
export const unobserved: EventSink = {
  listening: false,
  now: () => 0,
  wallTime: () => 0,
  nextId: () => 0,
  publish: () => {}
}
