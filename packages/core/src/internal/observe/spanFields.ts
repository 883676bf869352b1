/**
 * Attributes of client and server spans, by OpenTelemetry's conventions. Credentials are redacted, including
 * users and passwords in URLs.
 */
import * as Headers from "@effect/platform/Headers"
import { redactUrlsWithin } from "../../model/urlSecrets.js"
import { other } from "./labels.js"

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

export type SetAttribute = (key: string, value: unknown) => void

export const methodAttributes = (method: string, known: ReadonlySet<string>, set: SetAttribute): void => {
  if (known.has(method)) return set("http.request.method", method)
  set("http.request.method", other)
  set("http.request.method_original", method)
}

/** Sets the host and port of a URL. IPv6 addresses have no brackets, as the conventions require. */
export const serverAttributes = (url: URL, set: SetAttribute): void => {
  set("server.address", url.hostname.replace(/^\[(.*)\]$/, "$1"))
  set("server.port", url.port === "" ? (url.protocol === "https:" ? 443 : 80) : +url.port)
}

/** Sets the status. A status of at least `least` is also set as the type of the error. */
export const statusAttributes = (status: number, least: 400 | 500, set: SetAttribute): void => {
  set("http.response.status_code", status)
  if (status >= least) set("error.type", String(status))
}
