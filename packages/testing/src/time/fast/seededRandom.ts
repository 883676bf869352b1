/**
 * Seeds `Math.random`, for code that is not ours.
 *
 * Effect draws the hash of an object on first use and keeps it (`Hash.random`), so an object that outlives a
 * simulation draws in the first one only. Those draws have a sequence of their own, so that they do not shift
 * the one of ids and jitter.
 */

interface Site {
  getFileName(): string | null | undefined
}
/**
 * Node documentation and V8's stack trace API; without them, all draws share one sequence.
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
  // Unmapped call sites: source maps would cost more than all the rest.
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
