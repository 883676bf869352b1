/**
 * Header fields for client and server spans. Credentials are redacted, also users and passwords in URLs.
 */
import * as Headers from "@effect/platform/Headers"
import { redactUrlsWithin } from "../../model/urlSecrets.js"

export type RedactedNames = ReadonlyArray<string | RegExp>

/**
 * Calls `set` for every field. `redacted` has the names in force where the span is created;
 * `proxy-authorization` is added because platform's default does not contain it.
 */
export const shownFields = (
  headers: Headers.Headers,
  redacted: RedactedNames,
  set: (name: string, value: string) => void
): void => {
  const shown = Headers.redact(headers, [...redacted, "proxy-authorization"])
  for (const name in shown) set(name, redactUrlsWithin(String(shown[name])))
}
