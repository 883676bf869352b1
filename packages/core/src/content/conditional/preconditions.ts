/**
 * Evaluates the preconditions of a request in the order of RFC 9110 §13.2.2, and evaluates `If-Range`
 * (§13.1.5).
 *
 * Never looks at the status or the body of a response. The caller decides whether preconditions apply.
 */
import type * as Headers from "@effect/platform/Headers"
import { parseHttpDate } from "../../wire/index.js"
import {
  matchesStrongly,
  matchesWeakly,
  parseEntityTag,
  parseEntityTags,
  type EntityTag
} from "./entityTags.js"

/**
 * The validators of the selected representation, as the client sees them. Dates therefore have whole seconds.
 */
export interface Validators {
  readonly etag: EntityTag | undefined
  /** The time of the last change, in milliseconds since 1970. */
  readonly lastModified: number | undefined
}

/** The status that answers a false precondition. `undefined` if all preconditions are true. */
export type FalsePrecondition = 304 | 412 | undefined

const reads = (method: string): boolean => method === "GET" || method === "HEAD"

// `*` matches any representation. A malformed list matches no representation, so `If-Match` then blocks the
// change.
const isListed = (
  field: string,
  etag: EntityTag | undefined,
  exists: boolean,
  matches: typeof matchesWeakly
): boolean => {
  const tags = parseEntityTags(field)
  return tags === "*" ? exists : tags !== undefined && tags.some((tag) => matches(tag, etag))
}

/**
 * Evaluates the preconditions of a request. `validators` is `undefined` if the resource has no current
 * representation. Invalid dates are ignored. All dates are ignored if the representation has no date.
 */
export const falsePrecondition = (
  method: string,
  headers: Headers.Headers,
  validators: Validators | undefined,
  now: number
): FalsePrecondition => {
  const { etag, lastModified } = validators ?? {}
  const exists = validators !== undefined
  const ifMatch = headers["if-match"]
  const unmodifiedSince = headers["if-unmodified-since"]
  if (ifMatch !== undefined) {
    if (!isListed(ifMatch, etag, exists, matchesStrongly)) return 412
  } else if (unmodifiedSince !== undefined && lastModified !== undefined) {
    const date = parseHttpDate(unmodifiedSince, now)
    if (date !== undefined && lastModified > date) return 412
  }
  const ifNoneMatch = headers["if-none-match"]
  if (ifNoneMatch !== undefined)
    return isListed(ifNoneMatch, etag, exists, matchesWeakly) ? (reads(method) ? 304 : 412) : undefined
  const modifiedSince = headers["if-modified-since"]
  if (modifiedSince === undefined || lastModified === undefined || !reads(method)) return undefined
  const date = parseHttpDate(modifiedSince, now)
  return date !== undefined && lastModified <= date ? 304 : undefined
}

/**
 * Returns whether `If-Range` allows a partial response. A request without `If-Range` allows a partial
 * response.
 */
export const mayAnswerRange = (
  headers: Headers.Headers,
  { etag, lastModified }: Validators,
  now: number
): boolean => {
  const field = headers["if-range"]
  if (field === undefined) return true
  const tag = parseEntityTag(field)
  if (tag !== undefined) return matchesStrongly(tag, etag)
  // A date identifies one state only after the end of its second, because the resource could change twice
  // within the second (RFC 9110 §8.8.2.2).
  return (
    lastModified !== undefined && parseHttpDate(field, now) === lastModified && lastModified + 1000 <= now
  )
}
