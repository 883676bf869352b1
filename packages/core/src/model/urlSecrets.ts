/**
 * Removes secrets from URLs. Errors, log lines and spans show neither user nor password, and spans show no
 * signatures.
 *
 * Works on any text. If `new URL` rejects a text, every part of it may be a user or a password. Everything
 * from the slashes to the last `@` is then removed.
 */

// A path contains no userinfo. A scheme is recognized only before slashes, because `user:` in
// `user:password@host` is a user.
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

/** Removes user and password from a URL, for errors and log lines. */
export const withoutUserinfo = (text: string): string => replaced(text, "")

const redacted = "REDACTED"

/**
 * Replaces user and password in a URL by `REDACTED`, for spans (OpenTelemetry's conventions for `url.full`).
 */
export const redactUserinfo = (text: string): string => replaced(text, redacted)

// The query keys that OpenTelemetry's conventions for `url.query` list as secret.
const signatures = /([?&](?:AWSAccessKeyId|Signature|sig|X-Goog-Signature)=)[^&#]*/gi

/** Replaces user, password and signatures in a URL by `REDACTED`, for spans. */
export const redactUrl = (url: URL): URL => {
  if (url.username === "" && url.password === "" && url.search.search(signatures) === -1) return url
  const shown = new URL(url)
  if (url.username !== "" || url.password !== "") shown.username = shown.password = redacted
  shown.search = url.search.replace(signatures, `$1${redacted}`)
  return shown
}

/** Removes user and password, and replaces the values of signatures by `REDACTED`, for access logs. */
export const shownTarget = (text: string): string =>
  withoutUserinfo(text).replace(signatures, `$1${redacted}`)

/**
 * Replaces users and passwords in all URLs of a text by `REDACTED`, for field values in spans (`Referer`,
 * `Location`, `Link`).
 */
export const redactUrlsWithin = (value: string): string =>
  value.includes("@") ? value.replace(/\/\/[^\s/?#"<>]*@/g, `//${redacted}:${redacted}@`) : value
