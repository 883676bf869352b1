/**
 * The views `headersDistinct` and `trailersDistinct` of a message. A fix of Node.js, for a field named
 * `__proto__`, removed the prototype of these objects. Programs compare the objects, so ours have the same
 * prototype as in the running Node.js.
 */
import { distinctHeaders, type DistinctFields } from "@httpfx/core/wire"

/** The first version of each release line in which the objects have no prototype. */
const without: Readonly<Record<number, readonly [minor: number, patch: number]>> = {
  20: [20, 2],
  22: [22, 2],
  24: [14, 1],
  25: [8, 2]
}

/** Returns whether the objects of a version of Node.js have `Object.prototype`. */
export const hasPrototype = (version: string): boolean => {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number)
  const first = without[major]
  if (first === undefined) return false
  return minor < first[0] || (minor === first[0] && patch < first[1])
}

const inherits = hasPrototype(process.versions.node)

/** Returns the view of received fields. A field named `__proto__` always becomes an own property. */
export const distinctView = (fields: ReadonlyArray<string>): DistinctFields => {
  const view = distinctHeaders(fields)
  return inherits ? (Object.setPrototypeOf(view, Object.prototype) as DistinctFields) : view
}
