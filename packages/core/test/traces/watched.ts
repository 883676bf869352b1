/** Records the events of Node's emitters as lines, in the order of their emission. */
import type { EventEmitter } from "node:events"
import { failure, type Trace } from "./trace.js"

/** Events of a stream's internals, which are not recorded because they differ between versions of Node. */
const inner = new Set(["newListener", "removeListener", "resume", "pause", "readable", "prefinish", "ready"])

const detail = (value: unknown): string => {
  if (value instanceof Error) return ` ${failure(value)}`
  if (value instanceof Uint8Array) return ` ${value.length}`
  return typeof value === "boolean" || typeof value === "number" || typeof value === "string"
    ? ` ${value}`
    : ""
}

/** Records the events of an emitter. A second call for the same emitter does nothing. */
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
