/**
 * Keeps the cookies of responses and selects those of requests, by tough-cookie (RFC 6265bis).
 *
 * Never reads a clock: expiry is decided by the times that it is given.
 */
import { Cookie, CookieJar, getPublicSuffix } from "tough-cookie"
import { BoundedStore, type StoreLimits } from "./store.js"

/** Whether a request comes from the site to which it goes. `lax`: it does not, but its method is safe. */
export type SiteContext = "strict" | "lax" | "none"

// Chromium's and Firefox's limits (RFC 6265bis §5.6, §5.5).
const maxPairSize = 4096
const maxAge = 400 * 86_400_000

const safe = new Set(["GET", "HEAD", "OPTIONS", "TRACE"])

const siteOf = ({ hostname, protocol }: URL): string => {
  const options = { allowSpecialUseDomain: true, ignoreError: true }
  return `${protocol}//${getPublicSuffix(hostname, options) ?? hostname}`
}

/**
 * Returns the context of a request that redirects have led to: it comes from its own site if all URLs before
 * it are of this site (RFC 6265bis §5.2).
 */
export const contextOf = (method: string, url: URL, before: ReadonlyArray<URL>): SiteContext => {
  const site = siteOf(url)
  return before.every((each) => siteOf(each) === site) ? "strict" : safe.has(method) ? "lax" : "none"
}

const sizeOf = (text: string): number => new TextEncoder().encode(text).length

const isSameSiteNone = ({ sameSite }: Cookie): boolean => sameSite === "none"

export class Jar {
  private readonly store: BoundedStore
  private readonly jar: CookieJar

  constructor(limits: StoreLimits) {
    this.store = new BoundedStore(limits)
    this.jar = new CookieJar(this.store, { prefixSecurity: "silent" })
  }

  /** Keeps a cookie as a response set it; `false` if it is not allowed. */
  set(line: string, url: URL, context: SiteContext, now: number): boolean {
    const cookie = Cookie.parse(line)
    if (cookie === undefined || sizeOf(cookie.key) + sizeOf(cookie.value) > maxPairSize) return false
    if (isSameSiteNone(cookie) && !cookie.secure) return false
    // tough-cookie would count Max-Age from the last use of the cookie, and by the system's clock.
    const { maxAge: seconds } = cookie
    if (seconds !== null) cookie.expires = new Date(now + expiryOf(seconds))
    if (cookie.expires instanceof Date && cookie.expires.getTime() > now + maxAge)
      cookie.expires = new Date(now + maxAge)
    const kept = this.jar.setCookieSync(cookie, url.href, {
      ignoreError: true,
      sameSiteContext: context,
      now: new Date(now)
    })
    if (kept === undefined) return false
    if (isExpired(kept, now)) this.store.removeCookie(kept.domain, kept.path, kept.key)
    return true
  }

  /** Returns the cookies for a request, in the order in which they are sent. */
  get(url: URL, context: SiteContext, now: number): ReadonlyArray<Cookie> {
    const found = this.jar.getCookiesSync(url.href, { expire: false, sameSiteContext: context, sort: true })
    return found.filter((cookie) => {
      if (isExpired(cookie, now)) {
        this.store.removeCookie(cookie.domain, cookie.path, cookie.key)
        return false
      }
      // A cookie without SameSite is Lax (RFC 6265bis §5.6.7.1).
      return context !== "none" || isSameSiteNone(cookie)
    })
  }

  /** Returns all cookies, the oldest first. */
  all(now: number): ReadonlyArray<Cookie> {
    return this.store
      .list()
      .filter((cookie) => !isExpired(cookie, now))
      .sort((one, other) => one.creationIndex - other.creationIndex)
  }

  /** Adds a cookie that `all` returned, as JSON; `false` if it is something else. */
  add(saved: unknown): boolean {
    const cookie = typeof saved === "object" && saved !== null ? Cookie.fromJSON(saved) : undefined
    if (cookie === undefined || typeof cookie.domain !== "string" || cookie.domain === "") return false
    this.store.putCookie(cookie)
    return true
  }

  clear(): void {
    this.store.removeAllCookies()
  }
}

const expiryOf = (seconds: number | "Infinity" | "-Infinity"): number =>
  seconds === "Infinity"
    ? maxAge
    : seconds === "-Infinity" || seconds <= 0
      ? -1
      : Math.min(seconds * 1000, maxAge)

const isExpired = ({ expires }: Cookie, now: number): boolean =>
  expires instanceof Date && expires.getTime() <= now
