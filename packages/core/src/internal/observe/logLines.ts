/**
 * The lines of an access log: one line of JSON, and the combined log format of Apache and nginx.
 *
 * A line never has a line break, whatever the client has sent. Users and passwords in URLs, and signatures in
 * queries, are never shown.
 */
import { formatAddress, plainHost } from "../../model/address.js"
import { shownTarget } from "../../model/urlSecrets.js"
import type { ExchangeOutcome } from "../server/outcome.js"

/** Why an exchange did not end well, in one word. */
export const reasonOf = (outcome: ExchangeOutcome): string | undefined => {
  switch (outcome._tag) {
    case "ClientGone":
    case "TimedOut":
    case "Refused":
      return outcome.error.code
    case "Dropped":
      return outcome.reason
    default:
      return undefined
  }
}

const shown = (url: string | undefined): string | undefined =>
  url === undefined ? undefined : shownTarget(url)

/** All facts for a log line, without those that are unknown. Annotations never replace a fact. */
export const factsOf = (outcome: ExchangeOutcome): Readonly<Record<string, unknown>> => {
  const { remote, target, upgraded } = outcome
  return {
    ...outcome.annotations,
    time: new Date(outcome.startedAt).toISOString(),
    client: outcome.client === undefined ? undefined : plainHost(outcome.client),
    remote: remote === undefined ? undefined : formatAddress(remote),
    method: outcome.method,
    target: shown(target),
    httpVersion: outcome.httpVersion,
    route: outcome.route,
    status: outcome.status,
    outcome: outcome._tag,
    reason: reasonOf(outcome),
    bytesIn: outcome.bytesIn,
    bytesOut: outcome.bytesOut,
    bodyIn: outcome.bodyIn,
    bodyOut: outcome.bodyOut,
    answeredAfter: outcome.answeredAfter,
    duration: outcome.duration,
    connection: outcome.connection,
    exchange: outcome.exchange,
    referer: shown(outcome.field("referer")),
    userAgent: outcome.field("user-agent"),
    protocol: upgraded?.protocol,
    endedBy: upgraded?.endedBy,
    closeCode: upgraded?.closeCode
  }
}

// JSON itself permits these, but readers of lines may break lines at them, and terminals obey them.
const unusual = /[\u007f-\u009f\u2028\u2029]/g

const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`

export const jsonLine = (outcome: ExchangeOutcome): string =>
  JSON.stringify(factsOf(outcome)).replace(unusual, escaped)

// ---- the combined format

const named: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\v": "\\v",
  "\f": "\\f",
  "\r": "\\r"
}

const encoder = new TextEncoder()

const hex = (byte: number) => `\\x${byte.toString(16).padStart(2, "0")}`

// Field values are bytes, one a character; other characters come from annotations alone.
const escape = (char: string): string => {
  const code = char.codePointAt(0)!
  return named[char] ?? (code < 256 ? hex(code) : Array.from(encoder.encode(char), hex).join(""))
}

/** Quotes a value as Apache does (`mod_log_config`, "Format Notes"); `-` stands for no value. */
const quoted = (value: string | undefined): string =>
  value === undefined || value === "" ? '"-"' : `"${value.replace(/["\\]|[^ -~]/gu, escape)}"`

const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ")

const two = (number: number) => String(number).padStart(2, "0")

const timeOf = (millis: number): string => {
  const at = new Date(millis)
  const day = `${two(at.getUTCDate())}/${months[at.getUTCMonth()]!}/${at.getUTCFullYear()}`
  const time = [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()].map(two).join(":")
  return `${day}:${time} +0000`
}

const hostOf = ({ client, remote }: ExchangeOutcome): string => {
  const host = client ?? (remote?._tag === "TcpAddress" ? remote.hostname : undefined)
  return host === undefined ? "-" : plainHost(host)
}

const requestLine = ({ httpVersion, method, target }: ExchangeOutcome): string | undefined =>
  method === undefined ? undefined : `${method} ${shown(target)!} HTTP/${httpVersion!}`

// nginx's numbers for exchanges without a response: 499 for a client that left, otherwise 000.
const statusOf = ({ _tag, status }: ExchangeOutcome): string =>
  status !== undefined ? String(status) : _tag === "ClientGone" ? "499" : "000"

export const combinedLine = (outcome: ExchangeOutcome): string => {
  const bytes = outcome.bodyOut === 0 ? "-" : String(outcome.bodyOut)
  return [
    `${hostOf(outcome)} - - [${timeOf(outcome.startedAt)}]`,
    `${quoted(requestLine(outcome))} ${statusOf(outcome)} ${bytes}`,
    `${quoted(shown(outcome.field("referer")))} ${quoted(outcome.field("user-agent"))}`
  ].join(" ")
}
