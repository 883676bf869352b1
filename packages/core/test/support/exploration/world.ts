/**
 * The interface of a world to explore: a deterministic system, the events that are possible in each state,
 * and the invariants.
 */

/** The error that an invariant is violated. */
export class Broken extends Error {
  override readonly name = "Broken"
}

export const broken = (what: string): never => {
  throw new Broken(what)
}

export const expect = (holds: boolean, what: string): void => {
  if (!holds) broken(what)
}

export interface World {
  /** Returns the events that are possible now. */
  enabled(): ReadonlyArray<string>
  /** Performs an event. Throws `Broken` if an invariant is violated. */
  act(event: string): void
  /** Checks the invariants. Throws `Broken` if an invariant is violated. */
  check(): void
  /** Ends everything that is still open, in order, and checks the final invariants. */
  settle(): void
  /** The state as text. Worlds with equal keys behave alike. */
  readonly key: string
}

/**
 * Properties that are not part of the state: shared tables, counters for reports, references back to the
 * world.
 */
const ignored = new Set(["machines", "world", "settings", "parserOptions", "log"])

/**
 * Converts the objects reachable from `root` to a text, which is equal for equal graphs. Functions are
 * compared by their source text, without the variables of their closures.
 */
export const canonical = (root: unknown): string => {
  const ids = new Map<object, number>()
  const parts: Array<string> = []
  const visit = (value: unknown): void => {
    if (typeof value === "function") {
      parts.push("f")
      return
    }
    if (typeof value !== "object" || value === null) {
      parts.push(typeof value === "string" ? JSON.stringify(value) : String(value), ",")
      return
    }
    const known = ids.get(value)
    if (known !== undefined) {
      parts.push("#", String(known), ",")
      return
    }
    ids.set(value, ids.size)
    if (ArrayBuffer.isView(value)) {
      parts.push("b", Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("latin1"), ",")
      return
    }
    if (value instanceof Map || value instanceof Set) {
      parts.push("{")
      for (const each of value) visit(each)
      parts.push("}")
      return
    }
    parts.push("(")
    for (const key of Object.keys(value)) {
      if (ignored.has(key)) continue
      parts.push(key, ":")
      visit((value as Record<string, unknown>)[key])
    }
    parts.push(")")
  }
  visit(root)
  return parts.join("")
}
