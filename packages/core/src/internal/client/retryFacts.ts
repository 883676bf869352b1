/**
 * Facts about a failure for `pool/retry.ts`: whether the failure is transient, whether the request was sent,
 * and how long the server asks the client to wait.
 *
 * Never decides whether to retry.
 */
import type { ConnectionError, NameNotResolved, TimeoutError } from "../../errors/index.js"
import { parseHttpDate } from "../../wire/index.js"

type Known = ConnectionError | NameNotResolved | TimeoutError

// The tags of transient errors. The list excludes errors that would recur (failed handshakes, unknown names,
// full queues, expired limits of the call), and closes and aborts by the client itself.
const passing: ReadonlySet<string> = new Set<Known["_tag"]>([
  "ConnectionReset",
  "HangUp",
  "ConnectionRefused",
  "ConnectionTimedOut",
  "BrokenPipe",
  "Unreachable",
  "ResolveTimedOut",
  "ConnectTimedOut",
  "SecureTimedOut",
  "SendTimedOut",
  "HeadTimedOut",
  "AttemptTimedOut"
])

const isKnown = (error: unknown): error is Known =>
  typeof error === "object" && error !== null && "_tag" in error

export const isTransient = (error: unknown): boolean => {
  if (!isKnown(error)) return false
  if (error._tag === "NameNotResolved") return error.code === "EAI_AGAIN" || error.code === "ETIMEOUT"
  return passing.has(error._tag)
}

export const isUnsent = (error: unknown): boolean =>
  isKnown(error) && (error._tag === "NameNotResolved" || ("written" in error && error.written === "none"))

/**
 * Returns the wait that `Retry-After` asks for (RFC 9110 §10.2.3), in ms from `now`, finite and at least 0.
 * The value may be seconds or a date. Returns `undefined` for any other value.
 */
export const retryAfter = (value: string | undefined, now: number): number | undefined => {
  if (value === undefined) return undefined
  if (/^\d+$/.test(value)) return Math.min(+value * 1000, Number.MAX_SAFE_INTEGER)
  const at = parseHttpDate(value, now)
  return at === undefined ? undefined : Math.max(0, at - now)
}
