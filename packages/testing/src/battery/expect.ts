/**
 * Helpers that all batteries share: expectations whose failures show both values, and a wait that works
 * without a clock.
 */
import * as Effect from "effect/Effect"
import { turn } from "../time/turns.js"
import { excerpt } from "../tap/wireText.js"

const show = (value: unknown): string =>
  typeof value === "string" ? `"${excerpt(value)}"` : (JSON.stringify(value) ?? String(value))

export const equal = (actual: unknown, wanted: unknown, what: string): void => {
  if (show(actual) !== show(wanted)) throw new Error(`${what}: ${show(actual)} instead of ${show(wanted)}`)
}

export const isTrue = (condition: boolean, what: string): void => {
  if (!condition) throw new Error(what)
}

export const includes = (text: string, part: string | RegExp, what: string): void => {
  const found = typeof part === "string" ? text.includes(part) : part.test(text)
  if (!found) throw new Error(`${what}: no ${String(part)} in ${show(text)}`)
}

export const excludes = (text: string, part: string, what: string): void => {
  if (text.includes(part)) throw new Error(`${what}: ${show(part)} in ${show(text)}`)
}

/** Waits until a count has not changed for 12 turns of the event loop, and returns the count. */
export const still = (count: () => number): Effect.Effect<number> =>
  Effect.gen(function* () {
    let last = count()
    for (let unchanged = 0; unchanged < 12; unchanged++) {
      yield* turn
      if (count() !== last) {
        last = count()
        unchanged = 0
      }
    }
    return last
  })

/** Parses the fields of a head. Names are in lower case, and values of repeated fields are joined by `, `. */
export const fieldsOf = (head: string): Readonly<Record<string, string>> => {
  const fields: Record<string, string> = {}
  for (const line of head.split("\r\n").slice(1)) {
    const colon = line.indexOf(":")
    if (colon < 0) continue
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    fields[name] = name in fields ? `${fields[name]}, ${value}` : value
  }
  return fields
}

/** Returns all cases except those with these names. Throws if a name is unknown. */
export const without = <C extends { readonly name: string }>(
  cases: ReadonlyArray<C>,
  names: ReadonlyArray<string> = []
): ReadonlyArray<C> => {
  for (const name of names)
    if (!cases.some((entry) => entry.name === name)) throw new Error(`no case is named "${name}"`)
  return cases.filter((entry) => !names.includes(entry.name))
}
