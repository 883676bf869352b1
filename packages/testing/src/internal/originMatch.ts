/**
 * Whether a request fits a stub, and if not, why: in the order method, path, query, headers, body.
 *
 * Every reason is found, not only the first, so that a failure tells how near a stub came.
 */
import type { Call, Matcher, Route } from "../Origin.js"
import { excerpt } from "./wireText.js"

const quote = (value: string | undefined) => (value === undefined ? "nothing" : `"${excerpt(value, 200)}"`)

const fits = (matcher: Matcher, value: string | undefined): boolean =>
  value !== undefined && (typeof matcher === "string" ? matcher === value : matcher.test(value))

const show = (matcher: Matcher) => (typeof matcher === "string" ? quote(matcher) : String(matcher))

/** Equal as JSON, whatever the order of keys. */
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

/** Why the request does not fit; empty when it does. */
export const reasons = (route: Route, call: Call): ReadonlyArray<string> => {
  const found: Array<string> = []
  const question = call.target.indexOf("?")
  const path = question < 0 ? call.target : call.target.slice(0, question)
  const query = new URLSearchParams(question < 0 ? "" : call.target.slice(question + 1))
  if (route.method !== undefined && route.method !== call.method)
    found.push(`method: ${quote(route.method)} wanted, ${quote(call.method)} came`)
  // A path with a query in it is the whole target.
  const whole = typeof route.path === "string" && route.path.includes("?")
  if (route.path !== undefined && !fits(route.path, whole ? call.target : path))
    found.push(`path: ${show(route.path)} wanted, ${quote(whole ? call.target : path)} came`)
  for (const [name, matcher] of Object.entries(route.query ?? {}))
    if (!fits(matcher, query.get(name) ?? undefined))
      found.push(`query "${name}": ${show(matcher)} wanted, ${quote(query.get(name) ?? undefined)} came`)
  for (const [name, matcher] of Object.entries(route.headers ?? {}))
    if (!fits(matcher, call.headers[name.toLowerCase()]))
      found.push(`header "${name}": ${show(matcher)} wanted, ${quote(call.headers[name.toLowerCase()])} came`)
  if (route.body !== undefined && !fits(route.body, call.text))
    found.push(`body: ${show(route.body)} wanted, ${quote(call.text)} came`)
  if (route.json !== undefined && !sameJson(route.json, jsonOf(call.text)))
    found.push(`body: JSON ${quote(JSON.stringify(route.json))} wanted, ${quote(call.text)} came`)
  return found
}

export const nameOf = (route: Route): string =>
  route.name ??
  `${route.method ?? "any method"} ${route.path === undefined ? "any path" : String(route.path)}`
