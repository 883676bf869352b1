/**
 * Tells when a program begins something whose end the outside decides: a file, a socket, a name, a thread, a
 * timer of the platform.
 *
 * Node says so at the very call (`AsyncHook.init`; what it creates has a type, Node documentation:
 * async_hooks), and `AsyncLocalStorage` says whether it belongs to the program that is watched. Where they
 * are absent nothing is told.
 */
import { hooks } from "./asyncHooks.js"

/** What is told of a watched program. */
export interface Watcher {
  /** Something that comes in a turn of the event loop of its own, by itself: an immediate, a message. */
  turn(): void
  /** Something that comes in a tick. */
  tick(): void
  /** Something real. `type` is Node's word for it, `stack` where it was begun. */
  real(type: string, stack: string): void
}

// Node's own types are written in capitals, those of users are not. What is here ends by itself, in this
// process.
const harmless = new Set([
  "PROMISE",
  "MESSAGEPORT",
  "WRITEWRAP",
  "TTYWRAP",
  "ELDHISTOGRAM",
  // The context of a request; a socket beneath it, if it is a real one, is told by itself.
  "HTTPCLIENTREQUEST",
  "HTTPINCOMINGMESSAGE",
  // Of Node 22 on: what `finished` was asked by.
  "STREAM_END_OF_STREAM"
])
const isReal = (type: string) => type === "Timeout" || (/^[A-Z0-9_]+$/.test(type) && !harmless.has(type))

// A line printed is no part of the simulation, whatever the printer does; the process's outputs are made when
// somebody first asks for them, if only for their colours. On a network of a program's own, closing is
// bounded by real time as well.
const excused =
  /\bconsole\.|node:internal\/console|[Cc]onsole\.(log|error|warn|info|debug)|createWritableStdioStream|[/\\]closing\.[jt]s/

// `Effect.never` keeps the process alive by a timer of this length, which wakes nobody.
const longest = 0x7fffffff

/** Runs `f` and all that follows from it under the eyes of the watcher. `exact`: everything will be told. */
export interface Watch {
  readonly exact: boolean
  readonly run: <A>(f: () => A) => A
  /** Runs `f` unwatched. */
  readonly aside: (f: () => void) => void
  readonly stop: () => void
}

// One hook for all simulations of the process, on while there are any.
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
