/**
 * Chooses a content coding by `Accept-Encoding` (RFC 9110 §12.5.3).
 */

/** The result of a negotiation. */
export interface Choice<C extends string> {
  /** The coding to apply. `undefined`: send the content as it is. */
  readonly coding: C | undefined
  /** Whether the client refuses content without a coding (`identity;q=0`). */
  readonly identityRefused: boolean
}

// A coding and its weight; `x-gzip` means `gzip` (RFC 9110 §8.4.1.3).
const element = /^[ \t]*([!#$%&'*+.^_`|~0-9a-z-]+)(?:[ \t]*;[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?[ \t]*$/

// Elements that the grammar does not allow are ignored. Of repeated elements the first counts.
const weightsOf = (field: string): ReadonlyMap<string, number> => {
  const weights = new Map<string, number>()
  for (const text of field.toLowerCase().split(",")) {
    const [, name, weight = "1"] = element.exec(text) ?? []
    if (name === undefined) continue
    const coding = name === "x-gzip" ? "gzip" : name
    if (!weights.has(coding)) weights.set(coding, Number(weight))
  }
  return weights
}

/**
 * Chooses the coding with the highest weight, of equal ones the first in `codings`. Chooses none if the field
 * is missing or gives `identity` a higher weight.
 */
export const choose = <C extends string>(field: string | undefined, codings: ReadonlyArray<C>): Choice<C> => {
  if (field === undefined) return { coding: undefined, identityRefused: false }
  const weights = weightsOf(field)
  const others = weights.get("*") ?? 0
  let coding: C | undefined
  let best = 0
  for (const each of codings) {
    const weight = weights.get(each) ?? others
    if (weight > best) {
      coding = each
      best = weight
    }
  }
  const identity = weights.get("identity")
  return {
    coding: identity !== undefined && identity > best ? undefined : coding,
    identityRefused: identity === undefined ? weights.get("*") === 0 : identity === 0
  }
}
