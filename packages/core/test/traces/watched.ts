/**
 * Events of Node's emitters as lines, in the order of emission.
 */
import type { EventEmitter } from "node:events"
import { failure, type Trace } from "./trace.js"

/** Internals of streams, which differ between versions of Node. */
const inner = new Set(["newListener", "removeListener", "resume", "pause", "readable", "prefinish", "ready"])

const detail = (value: unknown): string => {
  if (value instanceof Error) return ` ${failure(value)}`
  if (value instanceof Uint8Array) return ` ${value.length}`
  return typeof value === "boolean" || typeof value === "number" || typeof value === "string"
    ? ` ${value}`
    : ""
}

/** Watches each emitter once; further calls for it do nothing. */
export const watch = (trace: Trace, name: string, emitter: EventEmitter): void => {
  if (Object.hasOwn(emitter, "emit")) return
  const emit = emitter.emit.bind(emitter)
  const value = (event: string | symbol, ...args: Array<unknown>): boolean => {
    if (typeof event === "string" && !inner.has(event)) {
      trace.say(`${name} '${event}'${event === "lookup" ? "" : args.map(detail).join("")}`)
    }
    return emit(event, ...args)
  }
  Object.defineProperty(emitter, "emit", { value, configurable: true, writable: true })
}
