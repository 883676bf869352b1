/**
 * Header fields as spans of clients and servers show them: credentials redacted, URLs without user and
 * password.
 */
import * as Headers from "@effect/platform/Headers"
import { redactUrlsWithin } from "../../model/urlSecrets.js"

export type RedactedNames = ReadonlyArray<string | RegExp>

/** `redacted`: the names that are in force where the span is made; platform's default misses one. */
export const shownFields = (
  headers: Headers.Headers,
  redacted: RedactedNames,
  set: (name: string, value: string) => void
): void => {
  const shown = Headers.redact(headers, [...redacted, "proxy-authorization"])
  for (const name in shown) set(name, redactUrlsWithin(String(shown[name])))
}
