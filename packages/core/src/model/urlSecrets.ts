/**
 * Removes secrets from URLs before people read them: user and password in errors, log lines and spans;
 * signatures in spans.
 *
 * Works on any text. If `new URL` rejects it, rather too much is removed than too little.
 */

// A path has no authority. A scheme counts only before slashes: `user:password@host` has none.
const path = /^[/\\](?![/\\])/
const authority = /^([a-z][a-z0-9+.-]*:(?=[/\\]))?([/\\]*)[^]*@/i

const parsed = (text: string): URL | undefined => {
  try {
    const url = new URL(text)
    return url.host === "" ? undefined : url
  } catch {
    return undefined
  }
}

const replaced = (text: string, by: string): string => {
  if (!text.includes("@") || path.test(text)) return text
  const url = parsed(text)
  if (url === undefined)
    return text.replace(authority, (_, scheme: string | undefined, slashes: string) => {
      const before = (scheme ?? "") + slashes
      return by === "" ? before : `${before}${by}:${by}@`
    })
  if (url.username === "" && url.password === "") return text
  url.username = url.password = by
  return url.href
}

/** For errors and log lines: removes user and password. */
export const withoutUserinfo = (text: string): string => replaced(text, "")

const redacted = "REDACTED"

/** For spans (OpenTelemetry's conventions for `url.full`): replaces user and password by `REDACTED`. */
export const redactUserinfo = (text: string): string => replaced(text, redacted)

// The keys that the conventions list for `url.query`.
const signatures = /([?&](?:AWSAccessKeyId|Signature|sig|X-Goog-Signature)=)[^&#]*/gi

/** The same for a URL, and for the values of its signatures. */
export const redactUrl = (url: URL): URL => {
  if (url.username === "" && url.password === "" && url.search.search(signatures) === -1) return url
  const shown = new URL(url)
  if (url.username !== "" || url.password !== "") shown.username = shown.password = redacted
  shown.search = url.search.replace(signatures, `$1${redacted}`)
  return shown
}

/** For field values in spans (`Referer`, `Location`, `Link`), which may contain URLs anywhere. */
export const redactUrlsWithin = (value: string): string =>
  value.includes("@") ? value.replace(/\/\/[^\s/?#"<>]*@/g, `//${redacted}:${redacted}@`) : value
