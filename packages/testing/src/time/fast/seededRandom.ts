/**
 * A seeded replacement of `Math.random`, for code that does not use Effect's `Random`.
 *
 * Effect draws the hash of an object at first use and stores the hash (`Hash.random`). An object that
 * outlives a simulation therefore draws only in the first simulation. Hashes use a separate sequence, because
 * otherwise all random numbers of a later simulation would change.
 */

interface Site {
  getFileName(): string | null | undefined
}
/**
 * V8's stack trace API, which finds the caller of `Math.random`. On JavaScript engines without this API, all
 * draws share one sequence.
 */
interface Stacks {
  stackTraceLimit?: number
  prepareStackTrace?: ((error: Error, sites: ReadonlyArray<Site>) => unknown) | undefined
  captureStackTrace?: (target: object, below: unknown) => void
}

const stacks = Error as unknown as Stacks
const hashes = /[\\/]Hash\.[cm]?[jt]s/

const fileOfCaller = (of: unknown): string => {
  if (stacks.captureStackTrace === undefined) return ""
  const { prepareStackTrace, stackTraceLimit } = stacks
  const target: { stack?: unknown } = {}
  stacks.stackTraceLimit = 1
  // Read the call sites without source maps, because mapping would cost more than everything else here.
  stacks.prepareStackTrace = (_, sites) => sites[0]?.getFileName() ?? ""
  stacks.captureStackTrace(target, of)
  const file = target.stack
  stacks.prepareStackTrace = prepareStackTrace
  if (stackTraceLimit === undefined) delete stacks.stackTraceLimit
  else stacks.stackTraceLimit = stackTraceLimit
  return typeof file === "string" ? file : ""
}

export const seededRandom = (numbers: () => number, forHashes: () => number): (() => number) => {
  const random = () => (hashes.test(fileOfCaller(random)) ? forHashes() : numbers())
  return random
}
