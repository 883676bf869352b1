/**
 * The measurements behind Node's `http` performance entries: start, duration and details of an exchange.
 * Costs nothing without an observer. Imports nothing else, so that the register hook can observe without
 * loading the rest.
 */
import { monotonicNow } from "../../time/realTime.js"

/** A completed exchange, as its `PerformanceEntry` of type `http` has it. */
export interface Measurement {
  readonly name: "HttpClient" | "HttpRequest"
  readonly startTime: number
  readonly duration: number
  readonly detail: unknown
}

let observer: ((measured: Measurement) => void) | undefined

/** Sets the observer of completed exchanges; `undefined` removes it and stops measuring. */
export const observeExchanges = (observe: ((measured: Measurement) => void) | undefined): void => {
  observer = observe
}

/** The start time of an exchange; 0 without an observer. */
export const measureStart = (): number => (observer === undefined ? 0 : monotonicNow())

export const measureEnd = (name: Measurement["name"], startTime: number, detail: () => unknown): void => {
  if (observer === undefined || startTime === 0) return
  observer({ name, startTime, duration: monotonicNow() - startTime, detail: detail() })
}
