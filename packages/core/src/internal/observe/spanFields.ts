/**
 * Header fields for client and server spans: with credentials redacted, and URLs without user and password.
 */
import * as Headers from "@effect/platform/Headers"
import { redactUrlsWithin } from "../../model/urlSecrets.js"

export type RedactedNames = ReadonlyArray<string | RegExp>

/** `redacted`: the names in force where the span is created; platform's default lacks one. */
export const shownFields = (
  headers: Headers.Headers,
  redacted: RedactedNames,
  set: (name: string, value: string) => void
): void => {
  const shown = Headers.redact(headers, [...redacted, "proxy-authorization"])
  for (const name in shown) set(name, redactUrlsWithin(String(shown[name])))
}
