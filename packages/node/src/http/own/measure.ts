/**
 * Measures exchanges for Node's `http` performance entries: start, duration and details. Without an observer
 * nothing is measured.
 *
 * This file imports no other file of this folder, so the register hook can set an observer without loading
 * those files.
 */
import { monotonicNow } from "../../time/realTime.js"

/** The members of the `PerformanceEntry` of a complete exchange. */
export interface Measurement {
  readonly name: "HttpClient" | "HttpRequest"
  readonly startTime: number
  readonly duration: number
  readonly detail: unknown
}

let observer: ((measured: Measurement) => void) | undefined

/**
 * Sets the observer, which is called after each complete exchange. `undefined` removes the observer and stops
 * the measuring.
 */
export const observeExchanges = (observe: ((measured: Measurement) => void) | undefined): void => {
  observer = observe
}

/** Returns the start time of an exchange, ms. Returns 0 if no observer is set. */
export const measureStart = (): number => (observer === undefined ? 0 : monotonicNow())

export const measureEnd = (name: Measurement["name"], startTime: number, detail: () => unknown): void => {
  if (observer === undefined || startTime === 0) return
  observer({ name, startTime, duration: monotonicNow() - startTime, detail: detail() })
}
