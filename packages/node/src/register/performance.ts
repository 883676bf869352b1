/**
 * Delivers `http` performance entries. Node creates these entries in its built-in HTTP modules, which the
 * register hook replaces. Our modules therefore measure exchanges, and this file creates the entries and
 * delivers them to the program's observers.
 */
import perfHooks from "node:perf_hooks"
import { observeExchanges, type Measurement } from "../http/own/measure.js"
import { setImmediate } from "../time/realTime.js"

type Callback = ConstructorParameters<typeof perfHooks.PerformanceObserver>[0]
type Options = Parameters<perfHooks.PerformanceObserver["observe"]>[0]

/** Maps each observer of `http` entries to the entries that are not delivered yet. */
const observers = new Map<HttpAwareObserver, Array<perfHooks.PerformanceEntry>>()

const entryPrototype = perfHooks.PerformanceEntry.prototype

const entryOf = (measured: Measurement): perfHooks.PerformanceEntry => {
  const entry = Object.create(entryPrototype) as perfHooks.PerformanceEntry
  const members = { ...measured, entryType: "http" }
  for (const [name, value] of Object.entries(members)) Object.defineProperty(entry, name, { value })
  Object.defineProperty(entry, "toJSON", { value: () => members })
  return entry
}

const take = (measured: Measurement): void => {
  const entry = entryOf(measured)
  for (const [observer, waiting] of observers) {
    waiting.push(entry)
    if (waiting.length === 1) setImmediate(() => observer.deliver())
  }
}

class HttpAwareObserver extends perfHooks.PerformanceObserver {
  readonly #callback: Callback

  constructor(callback: Callback) {
    super(callback)
    this.#callback = callback
  }

  override observe(options: Options): void {
    super.observe(options)
    const { entryTypes, type } = options as { entryTypes?: ReadonlyArray<string>; type?: string }
    if (type !== "http" && entryTypes?.includes("http") !== true) return
    if (!observers.has(this)) observers.set(this, [])
    observeExchanges(take)
  }

  override disconnect(): void {
    observers.delete(this)
    if (observers.size === 0) observeExchanges(undefined)
    super.disconnect()
  }

  deliver(): void {
    const entries = observers.get(this)?.splice(0)
    if (entries === undefined || entries.length === 0) return
    const list = {
      getEntries: () => [...entries],
      getEntriesByName: (name: string, type?: string) =>
        entries.filter((entry) => entry.name === name && (type === undefined || type === "http")),
      getEntriesByType: (type: string) => (type === "http" ? [...entries] : [])
    }
    this.#callback.call(this as never, list as never, this as never)
  }
}
Object.defineProperty(HttpAwareObserver, "name", { value: "PerformanceObserver" })

/** Replaces `PerformanceObserver` with a subclass that also delivers our entries. */
export const offerHttpEntries = (): void => {
  const { PerformanceObserver: builtin } = perfHooks
  const place = { configurable: true, writable: true, value: HttpAwareObserver }
  Object.defineProperty(perfHooks, "PerformanceObserver", { ...place, enumerable: true })
  if ((globalThis as { PerformanceObserver?: unknown }).PerformanceObserver === builtin) {
    Object.defineProperty(globalThis, "PerformanceObserver", { ...place, enumerable: false })
  }
}
