/**
 * Entity tags (RFC 9110 §8.8.3): reads a tag or a list of tags, and compares two tags.
 *
 * Never repairs a malformed tag. One malformed tag makes its whole list malformed.
 */

export interface EntityTag {
  readonly weak: boolean
  readonly opaque: string
}

// Accepts more than `etagc` of the RFC, because servers send tags with spaces, and clients return them
// unchanged.
const tag = /(W\/)?"([^"\x00-\x1f\x7f]*)"/y
const gap = /[ \t]*/y
const commas = /[ \t]*,[ \t,]*/y

const tagAt = (text: string, at: number): EntityTag | undefined => {
  tag.lastIndex = at
  const found = tag.exec(text)
  return found === null ? undefined : { weak: found[1] !== undefined, opaque: found[2]! }
}

const endOf = (pattern: RegExp, text: string, at: number): number => {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : at
}

/** Returns the tag of an `ETag` field. Returns `undefined` if the field is missing or malformed. */
export const parseEntityTag = (text: string | undefined): EntityTag | undefined => {
  if (text === undefined) return undefined
  const found = tagAt(text, 0)
  return found !== undefined && tag.lastIndex === text.length ? found : undefined
}

/** Returns the tags of `If-Match` or `If-None-Match`. Returns `undefined` if the field is malformed. */
export const parseEntityTags = (text: string): "*" | ReadonlyArray<EntityTag> | undefined => {
  // Commas may precede the first tag and follow the last tag (RFC 9110 §5.6.1.2).
  let at = endOf(commas, text, 0)
  if (at === 0) at = endOf(gap, text, 0)
  const end = text.length
  if (text[at] === "*" && endOf(gap, text, at + 1) === end) return "*"
  const tags: Array<EntityTag> = []
  while (at < end) {
    const found = tagAt(text, at)
    if (found === undefined) return undefined
    tags.push(found)
    const after = tag.lastIndex
    at = endOf(commas, text, after)
    if (at === after && endOf(gap, text, after) !== end) return undefined
    if (at === after) break
  }
  return tags.length === 0 ? undefined : tags
}

/** Compares as `If-Match` and `If-Range` do: both tags must be strong and equal. */
export const matchesStrongly = (one: EntityTag, other: EntityTag | undefined): boolean =>
  other !== undefined && !one.weak && !other.weak && one.opaque === other.opaque

/** Compares as `If-None-Match` does: only the opaque parts must be equal. */
export const matchesWeakly = (one: EntityTag, other: EntityTag | undefined): boolean =>
  other !== undefined && one.opaque === other.opaque
