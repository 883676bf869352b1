/**
 * Detects when a program starts an asynchronous operation that completes outside of the simulation. Such
 * operations are on a file, a socket, a name lookup, a thread or a timer of the platform. zlib is an
 * exception, because zlibThreads.ts moves its work from threads into the process.
 *
 * Node reports an operation when it is started (`AsyncHook.init` with the type of the resource; Node
 * documentation: async_hooks). `AsyncLocalStorage` identifies the watched program that started the operation.
 * On platforms without these APIs nothing is detected.
 */
import { hooks } from "./asyncHooks.js"
import { workInProcess } from "./zlibThreads.js"

/** Callbacks for the operations of a watched program. */
export interface Watcher {
  /**
   * Called when the program schedules an immediate or a message. Both run in a later turn of the event loop.
   */
  turn(): void
  /** Called when the program schedules a tick. */
  tick(): void
  /**
   * Called when the program starts an operation outside of the simulation. `type` is Node's name of the
   * resource, and `stack` is the stack trace of the start.
   */
  real(type: string, stack: string): void
}

// The types of resources that complete within the process, without outside events. The types of Node's own
// resources are in upper case.
const harmless = new Set([
  "PROMISE",
  "MESSAGEPORT",
  "WRITEWRAP",
  "TTYWRAP",
  "ELDHISTOGRAM",
  // These resources are only the context of a request. A real socket of the request is reported separately.
  "HTTPCLIENTREQUEST",
  "HTTPINCOMINGMESSAGE",
  // This resource is only the context of a `finished` call (since Node 22).
  "STREAM_END_OF_STREAM"
])
const isReal = (type: string) => type === "Timeout" || (/^[A-Z0-9_]+$/.test(type) && !harmless.has(type))

// Matches stack traces to ignore. One kind is output, whose streams the process creates at first use. The
// other is the real-time limit in core's closing.ts.
const excused =
  /\bconsole\.|node:internal\/console|[Cc]onsole\.(log|error|warn|info|debug)|createWritableStdioStream|[/\\]closing\.[jt]s/

// The delay of the timer of `Effect.never`, which keeps the process alive but never wakes a fiber.
const longest = 0x7fffffff

/**
 * A watch on a program. `exact` is `true` if operations can be detected. `run` runs `f` and watches `f` with
 * all operations that `f` starts.
 */
export interface Watch {
  readonly exact: boolean
  readonly run: <A>(f: () => A) => A
  /** Runs `f` without watching it. */
  readonly aside: (f: () => void) => void
  readonly stop: () => void
}

// All simulations of the process share this hook. It is enabled while a simulation runs.
const storage = hooks === undefined ? undefined : new hooks.AsyncLocalStorage()
const hook = hooks?.createHook({
  init(_id, type, _trigger, resource) {
    if (type === "PROMISE" || type === "Microtask") return
    const watcher = storage!.getStore() as Watcher | undefined
    if (watcher === undefined) return
    if (type === "TickObject") watcher.tick()
    else if (type === "MESSAGEPORT" || type === "Immediate") watcher.turn()
    else if (type === "ZLIB" && workInProcess(resource)) return
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
