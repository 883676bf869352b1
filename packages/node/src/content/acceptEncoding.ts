/**
 * Chooses a content coding by `Accept-Encoding` (RFC 9110 §12.5.3).
 */

/** The result of choosing a coding for a client. */
export interface Choice<C extends string> {
  /** The coding to apply. `undefined` if the content must be sent without a coding. */
  readonly coding: C | undefined
  /** Whether the client refuses content without a coding (`identity;q=0`). */
  readonly identityRefused: boolean
}

// Matches a coding and its weight in `Accept-Encoding`, such as `gzip;q=0.5`.
const element = /^[ \t]*([!#$%&'*+.^_`|~0-9a-z-]+)(?:[ \t]*;[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?[ \t]*$/

// Ignore elements that the grammar does not allow. If a coding is repeated, use the weight of its first
// element.
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
 * Chooses the coding with the highest weight. If codings have the same weight, the first of them in `codings`
 * wins. Chooses no coding if the field is missing or gives `identity` a higher weight.
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
