/**
 * Whether an event has one listener, this one: looked up where an emitter keeps its listeners, since the
 * public way makes a list for each question.
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
