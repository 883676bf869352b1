/**
 * Header fields for client and server spans. Credentials are redacted, including users and passwords in URLs.
 */
import * as Headers from "@effect/platform/Headers"
import { redactUrlsWithin } from "../../model/urlSecrets.js"

export type RedactedNames = ReadonlyArray<string | RegExp>

/**
 * Calls `set` for every field, with redacted values for the names in `redacted` and for
 * `proxy-authorization`. Platform's default list of redacted names lacks `proxy-authorization`.
 */
export const shownFields = (
  headers: Headers.Headers,
  redacted: RedactedNames,
  set: (name: string, value: string) => void
): void => {
  const shown = Headers.redact(headers, [...redacted, "proxy-authorization"])
  for (const name in shown) set(name, redactUrlsWithin(String(shown[name])))
}
