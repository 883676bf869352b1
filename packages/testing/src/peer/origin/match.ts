/**
 * Matches requests against stubs. Compares method, path, query, headers, body and the whole call, in this
 * order.
 *
 * A failure lists all reasons for which a stub did not match, so that the reader can see which stub nearly
 * matched.
 */
import type { Call, FieldMatcher, Matcher, Route } from "./model.js"
import { matches } from "../../fault/patterns.js"
import { excerpt } from "../../tap/wireText.js"

const quote = (value: string | undefined) => (value === undefined ? "nothing" : `"${excerpt(value, 200)}"`)

type Predicate = (value: unknown) => boolean
type Ask = (predicate: Predicate, value: unknown) => boolean

const fits = (matcher: Matcher | FieldMatcher, value: string | undefined, ask: Ask): boolean => {
  if (typeof matcher === "function") return ask(matcher as Predicate, value)
  if (value === undefined || typeof matcher === "string") return matcher === value
  return matches(matcher, value)
}

const source = (predicate: (...args: Array<never>) => unknown) =>
  excerpt(String(predicate).replace(/\s+/g, " "), 120)

const show = (matcher: Matcher | FieldMatcher) =>
  typeof matcher === "string"
    ? quote(matcher)
    : typeof matcher === "function"
      ? source(matcher)
      : String(matcher)

/** Returns whether two JSON values are deeply equal. The order of keys does not matter. */
const sameJson = (a: unknown, b: unknown): boolean => {
  if (a === b) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const left = a as Record<string, unknown>
  const right = b as Record<string, unknown>
  const keys = Object.keys(left)
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => key in right && sameJson(left[key], right[key]))
  )
}

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Yields the reasons why a request does not match. Each reason is computed only on demand. */
function* reasonsFor(route: Route, call: Call, ask: Ask): Generator<string, void> {
  const question = call.target.indexOf("?")
  const path = question < 0 ? call.target : call.target.slice(0, question)
  const query = new URLSearchParams(question < 0 ? "" : call.target.slice(question + 1))
  const differs = (what: string, matcher: Matcher | FieldMatcher, value: string | undefined) =>
    fits(matcher, value, ask) ? [] : [`${what}: expected ${show(matcher)}, received ${quote(value)}`]
  if (route.method !== undefined) yield* differs("method", route.method, call.method)
  // Compare a path that contains a query with the whole target.
  const whole = typeof route.path === "string" && route.path.includes("?")
  if (route.path !== undefined) yield* differs("path", route.path, whole ? call.target : path)
  for (const [name, matcher] of Object.entries(route.query ?? {}))
    yield* differs(`query "${name}"`, matcher, query.get(name) ?? undefined)
  for (const [name, matcher] of Object.entries(route.headers ?? {}))
    yield* differs(`header "${name}"`, matcher, call.headers[name.toLowerCase()])
  if (route.body !== undefined) yield* differs("body", route.body, call.text)
  if (route.json !== undefined) {
    const json = jsonOf(call.text)
    const predicate = typeof route.json === "function" ? (route.json as Predicate) : undefined
    const fit =
      predicate === undefined ? sameJson(route.json, json) : json !== undefined && ask(predicate, json)
    const wanted = predicate === undefined ? quote(JSON.stringify(route.json)) : source(predicate)
    if (!fit) yield `body: expected JSON ${wanted}, received ${quote(call.text)}`
  }
  if (route.when !== undefined && !ask(route.when as Predicate, call))
    yield `when: expected ${source(route.when)}`
}

/**
 * Returns whether a request matches. Stops at the first part that does not match, so a predicate can rely on
 * the parts that were compared before.
 */
export const fitsRoute = (route: Route, call: Call): boolean =>
  reasonsFor(route, call, (predicate, value) => predicate(value)).next().done === true

/**
 * Returns all reasons for which a request does not match. The list is empty if the request matches. A
 * predicate that throws counts as a mismatch.
 */
export const reasons = (route: Route, call: Call): ReadonlyArray<string> => [
  ...reasonsFor(route, call, (predicate, value) => {
    try {
      return predicate(value)
    } catch {
      return false
    }
  })
]

const nameOfPart = (matcher: Matcher | undefined, any: string): string =>
  matcher === undefined ? any : typeof matcher === "function" ? source(matcher) : String(matcher)

export const nameOf = (route: Route): string =>
  route.name ?? `${nameOfPart(route.method, "any method")} ${nameOfPart(route.path, "any path")}`
