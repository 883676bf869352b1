/**
 * Stores the cookies of responses and selects the cookies of requests, by tough-cookie (RFC 6265bis).
 *
 * Never reads a clock. The caller passes the time that decides whether a cookie has expired.
 */
import {
  canonicalDomain,
  Cookie,
  CookieJar,
  defaultPath,
  domainMatch,
  getPublicSuffix,
  pathMatch
} from "tough-cookie"
import { BoundedStore, type StoreLimits } from "./store.js"

/**
 * The SameSite context of a request: `strict` from the same site, `lax` from another site with a safe method,
 * `none` otherwise.
 */
export type SiteContext = "strict" | "lax" | "none"

// The limits of Chromium and Firefox (RFC 6265bis §5.6, §5.5), in bytes and milliseconds.
const maxPairSize = 4096
const maxAttributeSize = 1024
const maxAge = 400 * 86_400_000

const safe = new Set(["GET", "HEAD", "OPTIONS", "TRACE"])

const siteOf = ({ hostname, protocol }: URL): string => {
  const options = { allowSpecialUseDomain: true, ignoreError: true }
  return `${protocol}//${getPublicSuffix(hostname, options) ?? hostname}`
}

/**
 * Returns the SameSite context of a request. `before` are the URLs of the redirects that led to the request.
 * The request comes from the same site if all of them belong to the site of `url` (RFC 6265bis §5.2).
 */
export const contextOf = (method: string, url: URL, before: ReadonlyArray<URL>): SiteContext => {
  const site = siteOf(url)
  return before.every((each) => siteOf(each) === site) ? "strict" : safe.has(method) ? "lax" : "none"
}

const sizeOf = (text: string): number => new TextEncoder().encode(text).length

// A field value cannot hold these characters, so requests with such a cookie would fail.
const unsendable = /[\u007f\u0100-\uffff]/

// Servers may compare these prefixes without regard to case, and tough-cookie does not (RFC 6265bis §5.7).
const hasOtherPrefix = ({ key }: Cookie): boolean =>
  /^__(host|secure)-/i.test(key) && !/^__(Host|Secure)-/.test(key)

const isSecureOrigin = ({ protocol, hostname }: URL): boolean =>
  protocol === "https:" || protocol === "wss:" || isLocal(hostname)

// tough-cookie permits `Secure` cookies for these hosts.
const isLocal = (hostname: string): boolean =>
  /^(?:(?:[^.]+\.)*localhost\.?|127(?:\.\d+){3}|\[::1\])$/.test(hostname)

const isSameSiteNone = ({ sameSite }: Cookie): boolean => sameSite === "none"

export class Jar {
  private readonly store: BoundedStore
  private readonly jar: CookieJar

  constructor(limits: StoreLimits) {
    this.store = new BoundedStore(limits)
    this.jar = new CookieJar(this.store, { prefixSecurity: "silent" })
  }

  /** Stores the cookie of a `Set-Cookie` line. Returns `false` if the cookie is not allowed. */
  set(line: string, url: URL, context: SiteContext, now: number): boolean {
    const cookie = Cookie.parse(line)
    if (cookie === undefined || sizeOf(cookie.key) + sizeOf(cookie.value) > maxPairSize) return false
    if (unsendable.test(cookie.key + cookie.value) || hasOtherPrefix(cookie)) return false
    if (isSameSiteNone(cookie) && !cookie.secure) return false
    if (!isSecureOrigin(url) && this.shadowsSecure(cookie, url)) return false
    if (cookie.path !== null && cookie.path.length > maxAttributeSize) cookie.path = null
    cookie.extensions = null
    // Convert Max-Age to a date, because tough-cookie would count it from the last use and by the system's
    // clock.
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

  // A network attacker on `http:` may not replace or hide a `Secure` cookie (RFC 6265bis §5.7).
  private shadowsSecure({ domain, key, path }: Cookie, { hostname, pathname }: URL): boolean {
    const host = canonicalDomain(domain ?? hostname) ?? hostname
    return this.store
      .named(key)
      .some(
        (kept) =>
          kept.secure &&
          (domainMatch(host, kept.domain ?? "") === true || domainMatch(kept.domain ?? "", host) === true) &&
          pathMatch(path ?? defaultPath(pathname), kept.path ?? "/")
      )
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

  /** Returns all cookies that have not expired, the oldest first. */
  all(now: number): ReadonlyArray<Cookie> {
    return this.store
      .list()
      .filter((cookie) => !isExpired(cookie, now))
      .sort((one, other) => one.creationIndex - other.creationIndex)
  }

  /** Adds a cookie from the JSON of a cookie that `all` returned. Returns `false` for any other value. */
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
