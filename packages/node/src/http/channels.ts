/**
 * The `diagnostics_channel` channels of Node's HTTP module, and the measurements behind its `http` performance entries.
 * Nothing is built or published while nobody listens.
 */
import diagnostics from "node:diagnostics_channel"

export const clientRequestCreated = diagnostics.channel("http.client.request.created")
export const clientRequestStart = diagnostics.channel("http.client.request.start")
export const clientRequestError = diagnostics.channel("http.client.request.error")
export const clientResponseFinish = diagnostics.channel("http.client.response.finish")
export const serverRequestStart = diagnostics.channel("http.server.request.start")
export const serverResponseCreated = diagnostics.channel("http.server.response.created")
export const serverResponseFinish = diagnostics.channel("http.server.response.finish")

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
export const measureStart = (): number => (observer === undefined ? 0 : performance.now())

export const measureEnd = (name: Measurement["name"], startTime: number, detail: () => unknown): void => {
  if (observer === undefined || startTime === 0) return
  observer({ name, startTime, duration: performance.now() - startTime, detail: detail() })
}
