/**
 * The measurements behind Node's `http` performance entries: when an exchange began, how long it took, what
 * it was. Nothing is measured while nobody observes. Stands alone, so that the register hook can observe
 * without loading the rest.
 */
import { monotonicNow } from "../../time/realTime.js"

/** One finished exchange, as a `PerformanceEntry` of the type `http` has it. */
export interface Measurement {
  readonly name: "HttpClient" | "HttpRequest"
  readonly startTime: number
  readonly duration: number
  readonly detail: unknown
}

let observer: ((measured: Measurement) => void) | undefined

/** Who is told about finished exchanges; `undefined`: nobody, and nothing is measured. */
export const observeExchanges = (observe: ((measured: Measurement) => void) | undefined): void => {
  observer = observe
}

/** When an exchange began, 0 while nobody measures. */
export const measureStart = (): number => (observer === undefined ? 0 : monotonicNow())

export const measureEnd = (name: Measurement["name"], startTime: number, detail: () => unknown): void => {
  if (observer === undefined || startTime === 0) return
  observer({ name, startTime, duration: monotonicNow() - startTime, detail: detail() })
}
