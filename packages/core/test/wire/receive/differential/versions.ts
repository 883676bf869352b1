/**
 * Differences of the parsers in other Node versions. The presets describe Node 20.20 (llhttp 9.3.1). If a
 * later llhttp gives a different result, the case must match an entry of this list. docs/strictness.md
 * describes the entries.
 */
import type { Case } from "./outcome.js"

export interface Change {
  /** The first version of llhttp with this change. */
  readonly since: string
  readonly what: string
  /** Returns whether this change can affect a stream. */
  readonly concerns: (text: string, role: Case["role"]) => boolean
}

/** Matches a field with this name that has a tab in its value or in a continuation line. */
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

/** The versions of llhttp for which this list was verified, with runs of 200 000 cases. */
export const examined: ReadonlyArray<string> = ["9.3.1", "9.4.3"]

const isAtLeast = (version: string, least: string): boolean =>
  version.localeCompare(least, "en", { numeric: true }) >= 0

/** Returns the changes in a version of llhttp that can affect a stream. */
export const changesFor = (llhttp: string, input: Case): ReadonlyArray<Change> => {
  const text = input.bytes.toString("latin1")
  return changes.filter((change) => isAtLeast(llhttp, change.since) && change.concerns(text, input.role))
}
