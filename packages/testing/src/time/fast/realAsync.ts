/**
 * Detects that a program starts an operation completed by the outside: a file, a socket, a name lookup, a
 * thread, a timer of the platform.
 *
 * Node reports it at the call (`AsyncHook.init` with the type of the resource; Node documentation:
 * async_hooks), and `AsyncLocalStorage` tells whether it belongs to the watched program. Without them nothing
 * is detected.
 */
import { hooks } from "./asyncHooks.js"

/** Callbacks about a watched program. */
export interface Watcher {
  /** An immediate or a message: it arrives by itself in a later turn of the event loop. */
  turn(): void
  /** A tick. */
  tick(): void
  /**
   * An operation outside the simulation. `type` is Node's name of the resource, `stack` the stack of its
   * start.
   */
  real(type: string, stack: string): void
}

// Node's resource types are in capitals, those of users are not. These complete by themselves within the
// process.
const harmless = new Set([
  "PROMISE",
  "MESSAGEPORT",
  "WRITEWRAP",
  "TTYWRAP",
  "ELDHISTOGRAM",
  // The context of a request; a real socket below it is reported itself.
  "HTTPCLIENTREQUEST",
  "HTTPINCOMINGMESSAGE",
  // Since Node 22: the context of a `finished` call.
  "STREAM_END_OF_STREAM"
])
const isReal = (type: string) => type === "Timeout" || (/^[A-Z0-9_]+$/.test(type) && !harmless.has(type))

// Ignore printing (the process creates its output streams at first use, if only to query colours), and the
// real-time bound on closing in a network of the program's own.
const excused =
  /\bconsole\.|node:internal\/console|[Cc]onsole\.(log|error|warn|info|debug)|createWritableStdioStream|[/\\]closing\.[jt]s/

// The timer of `Effect.never`, which keeps the process alive and wakes nothing.
const longest = 0x7fffffff

/** Runs `f` and everything it starts under observation. `exact`: nothing is missed. */
export interface Watch {
  readonly exact: boolean
  readonly run: <A>(f: () => A) => A
  /** Runs `f` unobserved. */
  readonly aside: (f: () => void) => void
  readonly stop: () => void
}

// One hook for all simulations of the process, enabled while there are any.
const storage = hooks === undefined ? undefined : new hooks.AsyncLocalStorage()
const hook = hooks?.createHook({
  init(_id, type, _trigger, resource) {
    if (type === "PROMISE" || type === "Microtask") return
    const watcher = storage!.getStore() as Watcher | undefined
    if (watcher === undefined) return
    if (type === "TickObject") watcher.tick()
    else if (type === "MESSAGEPORT" || type === "Immediate") watcher.turn()
    else if (isReal(type) && (resource as { readonly _idleTimeout?: number })._idleTimeout !== longest) {
      const stack = new Error().stack ?? ""
      if (!excused.test(stack)) watcher.real(type, stack)
    }
  }
})
let watching = 0

export const watch = (watcher: Watcher): Watch => {
  if (storage === undefined || hook === undefined) {
    return { exact: false, run: (f) => f(), aside: (f) => f(), stop: () => {} }
  }
  if (watching++ === 0) hook.enable()
  let stopped = false
  return {
    exact: true,
    run: (f) => storage.run(watcher, f),
    aside: (f) => storage.run(undefined, f),
    stop: () => {
      if (!stopped && --watching === 0) hook.disable()
      stopped = true
    }
  }
}
