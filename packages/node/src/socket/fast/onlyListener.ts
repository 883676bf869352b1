/**
 * Returns whether a function is the only listener of an event. Reads the emitter's internal table, because
 * `listeners()` allocates an array for each call.
 */
import type { EventEmitter } from "node:events"

type Listener = (...args: Array<never>) => void

interface Emitter {
  readonly _events?: { readonly [event: string]: unknown }
}

export const isOnlyListener = (emitter: EventEmitter, event: string, listener: Listener): boolean => {
  const { _events: events } = emitter as unknown as Emitter
  if (events !== undefined) return events[event] === listener
  return emitter.listenerCount(event) === 1 && emitter.listeners(event)[0] === listener
}
