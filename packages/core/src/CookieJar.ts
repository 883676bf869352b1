/**
 * Cookies of clients (RFC 6265bis). A jar stores the cookies that responses set, and adds the matching
 * cookies to each request. Works with `Client` and with any platform client.
 *
 * Import this module as `@httpfx/core/CookieJar`. The index of the package leaves it out, because it loads
 * tough-cookie with its list of public suffixes.
 *
 * Put `Client.followRedirects` and `Retry` around the client with the jar. Then each hop of a redirect gets
 * the cookies of its own URL, and cookies that a redirect sets are stored. After a redirect from another
 * site, cookies with `SameSite=Strict` are not sent. Cookies with `SameSite=Lax`, or without `SameSite`, are
 * then sent only with safe methods.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as Client from "./Client.js"
import { contextOf, Jar } from "./content/cookies/jar.js"
import { InvalidOption } from "./HttpError.js"
import { aroundClient, aroundHttpClient, type Around } from "./internal/client/around.js"
import { anything, integer, refuseUnknown, type Complete } from "./internal/options/checks.js"

/**
 * The options of a jar.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Maximum number of cookies. When a jar is full, the oldest cookie without `Secure` is dropped. Default
   * 3000.
   */
  readonly maxCookies?: number | undefined
  /** Maximum number of cookies per domain. Default 180. */
  readonly maxCookiesPerDomain?: number | undefined
  /**
   * Cookies that the new jar contains from the start, as `save` of another jar returned them. The values
   * survive JSON. Default: none.
   */
  readonly saved?: ReadonlyArray<unknown> | undefined
}

/**
 * A cookie of a jar.
 *
 * @since 0.1.0
 * @category models
 */
export interface Cookie {
  /** The name. */
  readonly name: string
  /** The value as it was set, with its quotes. */
  readonly value: string
  /** The domain, without a leading dot. */
  readonly domain: string
  /** Whether only this host gets the cookie, and not its subdomains. */
  readonly hostOnly: boolean
  /** The path. */
  readonly path: string
  /** The time when the cookie expires. If `undefined`, the cookie lives as long as the jar. */
  readonly expires: Date | undefined
  /** Whether only `https:` URLs and URLs of localhost get the cookie. */
  readonly secure: boolean
  /** Whether scripts in browsers may not read the cookie. */
  readonly httpOnly: boolean
  /** The value of `SameSite`. `undefined` counts as `lax`. */
  readonly sameSite: "strict" | "lax" | "none" | undefined
}

/**
 * A jar. Several clients may share it.
 *
 * @since 0.1.0
 * @category models
 */
export interface CookieJar {
  /**
   * Returns the cookies that a request to this URL gets, in the order in which they are sent. The list is
   * empty for an invalid URL.
   */
  readonly get: (url: string | URL) => Effect.Effect<ReadonlyArray<Cookie>>
  /**
   * Stores a cookie (`name=value; Path=/`) as if a response from this URL had set it. Returns `false` if this
   * URL may not set the cookie.
   */
  readonly set: (cookie: string, url: string | URL) => Effect.Effect<boolean>
  /** Returns all cookies as JSON values, for `Options.saved`. The values are secrets. */
  readonly save: Effect.Effect<ReadonlyArray<unknown>>
  /** Drops all cookies. */
  readonly clear: Effect.Effect<void>
}

const checks: Complete<Options> = { saved: anything, maxCookies: integer(1), maxCookiesPerDomain: integer(1) }

const parsed = (url: string | URL): URL | undefined => {
  try {
    return new URL(url)
  } catch {
    return undefined
  }
}

class Implementation implements CookieJar {
  constructor(readonly jar: Jar) {}

  get(url: string | URL): Effect.Effect<ReadonlyArray<Cookie>> {
    return Effect.map(Clock.currentTimeMillis, (now) => {
      const at = parsed(url)
      if (at === undefined) return []
      return this.jar.get(at, "strict", now).map((cookie) => ({
        name: cookie.key,
        value: cookie.value,
        domain: cookie.domain ?? "",
        hostOnly: cookie.hostOnly === true,
        path: cookie.path ?? "/",
        expires: cookie.expires instanceof Date ? cookie.expires : undefined,
        secure: cookie.secure,
        httpOnly: cookie.httpOnly,
        sameSite: cookie.sameSite as Cookie["sameSite"]
      }))
    })
  }

  set(cookie: string, url: string | URL): Effect.Effect<boolean> {
    return Effect.map(Clock.currentTimeMillis, (now) => {
      const at = parsed(url)
      return at !== undefined && this.jar.set(cookie, at, "strict", now)
    })
  }

  get save(): Effect.Effect<ReadonlyArray<unknown>> {
    return Effect.map(Clock.currentTimeMillis, (now) => this.jar.all(now).map((cookie) => cookie.toJSON()))
  }

  get clear(): Effect.Effect<void> {
    return Effect.sync(() => this.jar.clear())
  }
}

/**
 * Creates a jar. Fails with `InvalidOption` for an invalid option.
 *
 * @example
 * import { Client } from "@httpfx/core"
 * import * as CookieJar from "@httpfx/core/CookieJar"
 * import { Effect, pipe } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const jar = yield* CookieJar.make()
 *   const client = pipe(yield* Client.Client, CookieJar.client(jar), Client.followRedirects())
 *   yield* client.request({ url: "https://example.org/login", method: "POST", body: "..." })
 *   return yield* client.request({ url: "https://example.org/account" })
 * })
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<CookieJar, InvalidOption> =>
  Effect.suspend(() => {
    const refused = refuseUnknown(options, checks)
    if (refused !== undefined) return Effect.fail(refused)
    const { maxCookies = 3000, maxCookiesPerDomain = 180, saved = [] } = options
    const jar = new Jar({ maxCookies, maxCookiesPerDomain })
    if (!Array.isArray(saved) || !saved.every((each) => jar.add(each)))
      return Effect.fail(
        new InvalidOption({
          option: "saved",
          code: "ERR_INVALID_ARG_VALUE",
          reason: "must be what a jar has saved",
          received: Array.isArray(saved) ? "an array" : `a ${typeof saved}`
        })
      )
    return Effect.succeed(new Implementation(jar))
  })

// Cookies of the request itself come first, and replace cookies of the same name in the jar.
const fieldOf = (own: ReadonlyArray<string>, cookies: ReadonlyArray<{ key: string; text: string }>) => {
  const names = new Set(own.flatMap((line) => line.split(";")).map((pair) => pair.split("=")[0]!.trim()))
  const added = cookies.filter(({ key }) => !names.has(key)).map(({ text }) => text)
  return added.length === 0 ? undefined : [...own, ...added].join("; ")
}

const around =
  ({ jar }: Implementation): Around =>
  (asked, send, answered) =>
    Effect.flatMap(FiberRef.get(Client.currentRedirects), (redirects) => {
      const before = redirects.flatMap(({ from }) => parsed(from) ?? [])
      const context = contextOf(asked.method, asked.url, before)
      const sent = Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const cookies = jar.get(asked.url, context, now)
        if (cookies.length === 0) return send()
        const pairs = cookies.map((cookie) => ({ key: cookie.key, text: cookie.cookieString() }))
        const field = fieldOf(asked.values("cookie"), pairs)
        return field === undefined ? send() : send(["cookie", field])
      })
      return Effect.tap(sent, (answer) => {
        const lines = answered(answer).values("set-cookie")
        if (lines.length === 0) return Effect.void
        return Effect.map(Clock.currentTimeMillis, (now) => {
          for (const line of lines) jar.set(line, asked.url, context, now)
        })
      })
    })

/**
 * Adds a jar to a `Client`, including its `upgrade` and `httpClient`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const client = (jar: CookieJar): ((self: Client.Service) => Client.Service) =>
  aroundClient("cookies", around(jar as Implementation))

/**
 * Adds a jar to a platform client.
 *
 * @since 0.1.0
 * @category combinators
 */
export const httpClient = (
  jar: CookieJar
): (<E, R>(self: HttpClient.HttpClient.With<E, R>) => HttpClient.HttpClient.With<E, R>) =>
  aroundHttpClient("cookies", around(jar as Implementation))
