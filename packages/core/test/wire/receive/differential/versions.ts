/**
 * Differences of other Node versions' parsers. The presets are defined by Node 20.20 (llhttp 9.3.1); where a
 * later llhttp differs, the case must match an entry of this list (docs/strictness.md has the list in words).
 */
import type { Case } from "./outcome.js"

export interface Change {
  /** The first llhttp with this change. */
  readonly since: string
  readonly what: string
  /** Whether a stream contains what the change is about. */
  readonly concerns: (text: string, role: Case["role"]) => boolean
}

/** A field of this name with a tab in its value, or in the continuation lines. */
const withTab = (name: string): RegExp =>
  new RegExp(`${name} *:(?:[^\\r\\n]|[\\r\\n]+[ \\t])*[\\r\\n]*\\t`, "i")

export const changes: ReadonlyArray<Change> = [
  {
    since: "9.4.2",
    what: "a status line ended by two CR is refused",
    concerns: (text, role) => role === "response" && text.includes("\r\r")
  },
  {
    since: "9.4.2",
    what: "a tab behind an option of Connection is whitespace",
    concerns: (text) => withTab("connection").test(text)
  },
  {
    since: "9.4.2",
    what: "a tab behind the digits of Content-Length is whitespace",
    concerns: (text) => withTab("content-length").test(text)
  },
  {
    since: "9.4.3",
    what: "an empty Transfer-Encoding is refused",
    concerns: (text) => /transfer-encoding *:(?:[ \t]|[\r\n]+[ \t])*[\r\n]/i.test(text)
  }
]

/** Versions for which this list was verified, in runs of 200000 cases. */
export const examined: ReadonlyArray<string> = ["9.3.1", "9.4.3"]

const isAtLeast = (version: string, least: string): boolean =>
  version.localeCompare(least, "en", { numeric: true }) >= 0

/** The changes of this version of llhttp that can affect a stream. */
export const changesFor = (llhttp: string, input: Case): ReadonlyArray<Change> => {
  const text = input.bytes.toString("latin1")
  return changes.filter((change) => isAtLeast(llhttp, change.since) && change.concerns(text, input.role))
}
