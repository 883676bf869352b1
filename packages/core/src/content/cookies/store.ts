/**
 * A store of cookies in memory for tough-cookie. Its size is limited, so that no server can fill a client's
 * memory.
 *
 * The store returns candidates, and the jar selects the cookies that a request gets.
 */
import { Store, type Callback, type Cookie } from "tough-cookie"

export interface StoreLimits {
  readonly maxCookies: number
  readonly maxCookiesPerDomain: number
}

// Neither part can contain a line feed.
const keyOf = (path: string | null, key: string): string => `${path ?? ""}\n${key}`

const isSecure = ({ secure }: Cookie): boolean => secure

export class BoundedStore extends Store {
  override readonly synchronous = true
  private readonly domains = new Map<string, Map<string, Cookie>>()
  private size = 0

  constructor(private readonly limits: StoreLimits) {
    super()
  }

  override findCookie(domain: string | null, path: string | null, key: string | null, done?: unknown): never {
    const found = this.domains.get(domain ?? "")?.get(keyOf(path, key ?? ""))
    return tell(done, found)
  }

  override findCookies(domain: string | null, _path: unknown, _special?: unknown, done?: unknown): never {
    const found: Array<Cookie> = []
    for (let name = domain ?? ""; name !== ""; name = parentOf(name))
      found.push(...(this.domains.get(name)?.values() ?? []))
    return tell(done, found)
  }

  override putCookie(cookie: Cookie, done?: unknown): never {
    const domain = cookie.domain ?? ""
    const ofDomain = this.domains.get(domain) ?? new Map<string, Cookie>()
    this.domains.set(domain, ofDomain)
    const key = keyOf(cookie.path, cookie.key)
    if (!ofDomain.has(key)) this.size++
    ofDomain.set(key, cookie)
    if (ofDomain.size > this.limits.maxCookiesPerDomain) this.evict(ofDomain.values())
    if (this.size > this.limits.maxCookies) this.evict(this.all())
    return tell(done, undefined)
  }

  override updateCookie(_old: Cookie, cookie: Cookie, done?: unknown): never {
    return this.putCookie(cookie, done)
  }

  override removeCookie(
    domain: string | null,
    path: string | null,
    key: string | null,
    done?: unknown
  ): never {
    const ofDomain = this.domains.get(domain ?? "")
    if (ofDomain?.delete(keyOf(path, key ?? "")) === true) this.size--
    if (ofDomain?.size === 0) this.domains.delete(domain ?? "")
    return tell(done, undefined)
  }

  override removeAllCookies(done?: unknown): never {
    this.domains.clear()
    this.size = 0
    return tell(done, undefined)
  }

  list(): Array<Cookie> {
    return [...this.all()]
  }

  /** Returns the cookies with this name, of all domains. */
  named(key: string): Array<Cookie> {
    return this.list().filter((cookie) => cookie.key === key)
  }

  private *all(): Iterable<Cookie> {
    for (const ofDomain of this.domains.values()) yield* ofDomain.values()
  }

  // Evicts the oldest cookie without `Secure` first, so that no `http:` response can displace the cookies of
  // `https:` (RFC 6265bis §5.7).
  private evict(candidates: Iterable<Cookie>): void {
    let oldest: Cookie | undefined
    for (const cookie of candidates)
      if (
        oldest === undefined ||
        (isSecure(oldest) && !isSecure(cookie)) ||
        (isSecure(oldest) === isSecure(cookie) && age(cookie) < age(oldest))
      )
        oldest = cookie
    if (oldest !== undefined) this.removeCookie(oldest.domain, oldest.path, oldest.key)
  }
}

const age = ({ creationIndex }: Cookie): number => creationIndex

const parentOf = (domain: string): string => {
  const dot = domain.indexOf(".")
  return dot < 0 ? "" : domain.slice(dot + 1)
}

// tough-cookie always passes a callback, expects a synchronous call, and never uses the return values of its
// store.
const tell = <A>(done: unknown, value: A): never => {
  ;(done as Callback<A> | undefined)?.(null, value)
  return undefined as never
}
