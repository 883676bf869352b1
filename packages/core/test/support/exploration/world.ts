/**
 * A world to explore: a deterministic system, the events possible in each state, and its invariants.
 */

/** A violated invariant. */
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
  /** The events possible now. */
  enabled(): ReadonlyArray<string>
  /** Performs an event. Throws `Broken`. */
  act(event: string): void
  /** Checks the invariants. Throws `Broken`. */
  check(): void
  /** Ends everything still open in order, and checks the final invariants. */
  settle(): void
  /** The state: worlds with the same key behave alike. */
  readonly key: string
}

/** Keys that are not state: shared tables, counters for reports, references back to the world. */
const ignored = new Set(["machines", "world", "settings", "parserOptions", "log"])

/**
 * The graph of objects below `root` as text, equal for equal graphs. Functions are compared by their text;
 * variables in closures are not considered.
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
