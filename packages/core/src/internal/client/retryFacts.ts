/**
 * Facts about a failure for `pool/retry.ts`: whether it is transient, whether the server may have acted, and
 * how long it asks to wait.
 *
 * Never decides to retry.
 */
import type { ConnectionError, NameNotResolved, TimeoutError } from "../../errors/index.js"

type Known = ConnectionError | NameNotResolved | TimeoutError

// Not transient: failed handshakes, unknown names, full queues, expired deadlines. Closing and aborting by
// the client are intentional.
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
  "HeadTimedOut"
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

// The three date formats (RFC 9110 §5.6.7).
const date =
  /^(?:[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT|[A-Z][a-z]+, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4})$/

/**
 * Milliseconds from now in `Retry-After` (RFC 9110 §10.2.3), given in seconds or as a date: finite, never
 * below 0. `undefined`: neither format.
 */
export const retryAfter = (value: string | undefined, now: number): number | undefined => {
  if (value === undefined) return undefined
  if (/^\d+$/.test(value)) return Math.min(+value * 1000, Number.MAX_SAFE_INTEGER)
  if (!date.test(value)) return undefined
  // A leap second is valid here but unknown to `Date`.
  const known = value.replace(":60 ", ":59 ")
  const at = Date.parse(known.endsWith("GMT") ? known : `${known} GMT`)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}
