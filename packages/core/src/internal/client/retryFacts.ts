/**
 * Facts about a failure for `pool/retry.ts`: whether the failure is transient, whether the request was sent,
 * and how long the server asks the client to wait.
 *
 * Never decides whether to retry.
 */
import type { ConnectionError, NameNotResolved, TimeoutError } from "../../errors/index.js"

type Known = ConnectionError | NameNotResolved | TimeoutError

// The tags of transient errors. Failed handshakes, unknown names, full queues and expired total deadlines
// would fail again, and a client closes or aborts on purpose.
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

// The three date formats of HTTP (RFC 9110 §5.6.7). `Date.parse` alone would accept further formats.
const date =
  /^(?:[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT|[A-Z][a-z]+, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4})$/

/**
 * Returns the wait that `Retry-After` asks for (RFC 9110 §10.2.3), in ms from `now`, finite and at least 0.
 * The value may be seconds or a date. Returns `undefined` for any other value.
 */
export const retryAfter = (value: string | undefined, now: number): number | undefined => {
  if (value === undefined) return undefined
  if (/^\d+$/.test(value)) return Math.min(+value * 1000, Number.MAX_SAFE_INTEGER)
  if (!date.test(value)) return undefined
  // A leap second is valid in HTTP, but `Date.parse` refuses it.
  const known = value.replace(":60 ", ":59 ")
  const at = Date.parse(known.endsWith("GMT") ? known : `${known} GMT`)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}
