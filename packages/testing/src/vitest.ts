/**
 * Vitest matchers for requests, responses and raw messages, and hooks that check a test file for leaks and
 * for use of the real network.
 *
 * Only this module of the package imports vitest, which is an optional peer dependency. Importing this module
 * adds the matchers and their types to `expect`. Matchers need the whole body, so read a streamed body first
 * (`whole`).
 *
 * @since 0.1.0
 */
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import { afterAll, afterEach, beforeEach, expect } from "vitest"
import type { Pattern } from "./Conditions.js"
import * as Leaks from "./Leaks.js"
import * as RealNetwork from "./RealNetwork.js"
import { fieldsOf } from "./battery/expect.js"
import { matches } from "./fault/patterns.js"
import { compare, excerpt, textOf } from "./tap/wireText.js"

/**
 * A message whose body has been read. Its headers are a record (`headers`) or a flat list (`rawHeaders`). The
 * matchers also accept a whole raw message as a string or bytes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Matchable {
  /** The status code of a response. */
  readonly status?: number | undefined
  /** The header fields by name. */
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined
  /** The header fields as a flat list: name, value, name, value, ... */
  readonly rawHeaders?: ReadonlyArray<string> | undefined
  /** The body. */
  readonly body?: string | Uint8Array | undefined
  /** Alias of `body`, for values that use the name `text`, such as `Origin.Call`. */
  readonly text?: string | undefined
}

/**
 * Reads the body of a response of platform's client. Returns a message for the matchers.
 *
 * @since 0.1.0
 * @category constructors
 */
export const whole = <E = never, R = never>(
  response: HttpClientResponse | Effect.Effect<HttpClientResponse, E, R>
): Effect.Effect<Matchable, E | Effect.Effect.Error<HttpClientResponse["text"]>, R> =>
  Effect.flatMap(
    Effect.isEffect(response) ? response : Effect.succeed(response),
    ({ headers, status, text }) => Effect.map(text, (body) => ({ status, headers, body }))
  )

/**
 * Options that exclude parts of raw messages from a comparison.
 *
 * @since 0.1.0
 * @category models
 */
export interface WireOptions {
  /** Names of header fields whose lines are ignored in both messages, such as `["date"]`. */
  readonly ignore?: ReadonlyArray<string> | undefined
}

interface HttpMatchers<R> {
  /** Checks the status code of a response. */
  toHaveStatus(status: number): R
  /**
   * Checks that a header field exists (the name is case-insensitive). If `value` is given, checks the value
   * too. The values of repeated fields are joined by `, `.
   */
  toHaveHeader(name: string, value?: string | RegExp): R
  /** Checks the body, as text or bytes. */
  toHaveBody(body: string | RegExp | Uint8Array): R
  /** Parses the body as JSON and compares the value as `toEqual` does. Asymmetric matchers are supported. */
  toHaveJson(json: unknown): R
  /**
   * Compares raw messages byte by byte. The lines of ignored fields in heads are left out of the comparison.
   */
  toMatchWire(wire: string | Uint8Array, options?: WireOptions): R
}

// Vitest 3, 4 and 5 declare `Assertion` with different type parameters. All of them extend chai's
// `Assertion`, which has none, so the matchers are declared there.
declare global {
  namespace Chai {
    interface Assertion extends HttpMatchers<void> {}
  }
}

declare module "vitest" {
  interface AsymmetricMatchersContaining extends HttpMatchers<unknown> {}
}

interface Facts {
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string | undefined
}

const utf8 = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

const ofWire = (wire: string): Facts => {
  const end = wire.indexOf("\r\n\r\n")
  const head = end < 0 ? wire : wire.slice(0, end)
  const status = /^HTTP\/\d\.\d (\d{3})/.exec(head)?.[1]
  return {
    status: status === undefined ? undefined : Number(status),
    headers: fieldsOf(head),
    body: end < 0 ? undefined : wire.slice(end + 4)
  }
}

const lower = (record: Readonly<Record<string, string | undefined>>) =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name.toLowerCase(), value]))

const ofRaw = (raw: ReadonlyArray<string>) => {
  const lines = raw.map((part, index) => (index % 2 === 0 ? `\r\n${part}: ` : part))
  return fieldsOf(lines.join(""))
}

const factsOf = (received: unknown): Facts => {
  if (typeof received === "string") return ofWire(received)
  if (received instanceof Uint8Array) return ofWire(textOf(received))
  if (typeof received !== "object" || received === null)
    return { status: undefined, headers: {}, body: undefined }
  const { body, headers, rawHeaders, status, text } = received as Matchable
  const content = body ?? (typeof text === "string" ? text : undefined)
  return {
    status,
    headers: rawHeaders === undefined ? lower(headers ?? {}) : ofRaw(rawHeaders),
    body: content instanceof Uint8Array ? utf8(content) : content
  }
}

const picture = ({ body, headers, status }: Facts) =>
  [
    ...(status === undefined ? [] : [`  status ${status}`]),
    ...Object.entries(headers).map(([name, value]) => `  ${name}: ${value}`),
    `  body: ${body === undefined ? "not available" : `"${excerpt(body)}"`}`
  ].join("\n")

const outcome = (pass: boolean, wanted: string, facts: Facts) => ({
  pass,
  message: () => `expected ${pass ? "anything but " : ""}${wanted}, received\n${picture(facts)}`
})

const without = (wire: string, names: ReadonlyArray<string>) => {
  const ignored = new Set(names.map((name) => name.toLowerCase()))
  if (ignored.size === 0) return wire
  // Match only whole heads, because a line of a body may look like a header field.
  const head = /^(?:[A-Z]+ [^\r\n]* HTTP\/1\.[01]|HTTP\/1\.[01] \d{3}[^\r\n]*)\r\n(?:[^\r\n]+\r\n)*\r\n/gm
  return wire.replace(head, (text) =>
    text.replace(/^([^:\r\n]+):[^\r\n]*\r\n/gm, (line, name: string) =>
      ignored.has(name.toLowerCase()) ? "" : line
    )
  )
}

const wireOf = (value: unknown): string =>
  typeof value === "string"
    ? value
    : value instanceof Uint8Array
      ? textOf(value)
      : typeof (value as { readonly wire?: unknown })?.wire === "string"
        ? (value as { readonly wire: string }).wire
        : String(value)

const fits = (wanted: string | RegExp, actual: string) =>
  typeof wanted === "string" ? wanted === actual : matches(wanted, actual)

const show = (wanted: string | RegExp) =>
  typeof wanted === "string" ? `"${excerpt(wanted)}"` : String(wanted)

expect.extend({
  toHaveStatus(received: unknown, status: number) {
    const facts = factsOf(received)
    return outcome(facts.status === status, `status ${status}`, facts)
  },
  toHaveHeader(received: unknown, name: string, value?: string | RegExp) {
    const facts = factsOf(received)
    const actual = facts.headers[name.toLowerCase()]
    const pass = actual !== undefined && (value === undefined || fits(value, actual))
    return outcome(pass, `a header "${name}"${value === undefined ? "" : ` with ${show(value)}`}`, facts)
  },
  toHaveBody(received: unknown, body: string | RegExp | Uint8Array) {
    const facts = factsOf(received)
    const wanted = body instanceof Uint8Array ? utf8(body) : body
    return outcome(facts.body !== undefined && fits(wanted, facts.body), `the body ${show(wanted)}`, facts)
  },
  toHaveJson(received: unknown, json: unknown) {
    const facts = factsOf(received)
    let actual: unknown
    try {
      actual = JSON.parse(facts.body ?? "")
    } catch {
      return outcome(false, "a body of JSON", facts)
    }
    return {
      pass: this.equals(actual, json),
      message: () =>
        `the JSON of the body ${this.isNot ? "is" : "differs"}\n${this.utils.diff(json, actual) ?? ""}`
    }
  },
  toMatchWire(received: unknown, wire: string | Uint8Array, options: WireOptions = {}) {
    const names = options.ignore ?? []
    const actual = without(wireOf(received), names)
    const wanted = without(wireOf(wire), names)
    return {
      pass: actual === wanted,
      message: () =>
        actual === wanted
          ? "expected any other wire text"
          : `wire text differs${names.length === 0 ? "" : ` (ignored: ${names.join(", ")})`}\n${compare(wanted, actual, { ended: "the end" })}`
    }
  }
})

/**
 * Watches the tests of a file for leaks, and fails the file if leaks exist after the last test. Call
 * `noLeaks` at the top of the file. Run each test through the function that `noLeaks` returns.
 *
 * @example
 * import { it } from "@effect/vitest"
 * import { noLeaks } from "@httpfx/testing/vitest"
 * import { Effect } from "effect"
 *
 * const watched = noLeaks()
 *
 * it.effect("works", () => watched(Effect.void))
 *
 * @since 0.1.0
 * @category assertions
 */
export const noLeaks = (options?: Leaks.Options): Leaks.Watch["run"] => {
  const watch = Effect.runSync(Leaks.make(options))
  afterAll(() => Effect.runPromise(watch.check))
  return watch.run
}

/**
 * Fails each test of a file that uses the real network, and lists the uses. Call `noRealNetwork` at the top
 * of the file. To check all files, call it in one of vitest's `setupFiles`. The returned function allows
 * further uses to the running test.
 *
 * @example
 * import { it } from "@effect/vitest"
 * import { noRealNetwork } from "@httpfx/testing/vitest"
 * import { Effect } from "effect"
 *
 * const allow = noRealNetwork()
 *
 * it.effect("on a port of this machine", () =>
 *   Effect.sync(() => allow("127.0.0.1"))
 *   // ... NodeHttpServer.layerTest
 * )
 *
 * @since 0.1.0
 * @category assertions
 */
export const noRealNetwork = (options?: RealNetwork.Options): ((pattern: Pattern) => void) => {
  let watch: RealNetwork.Watch | undefined
  beforeEach(() => {
    watch = RealNetwork.unsafeMake(options)
  })
  afterEach(async () => {
    const { check, stop } = watch!
    watch = undefined
    try {
      await Effect.runPromise(check)
    } finally {
      stop()
    }
  })
  return (pattern) => watch?.allow(pattern)
}
