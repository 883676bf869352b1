/**
 * A world that can be explored: a deterministic system, the events that can happen next, and what must hold
 * in every state.
 */

/** An invariant that does not hold. */
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
  /** The events that can happen now. */
  enabled(): ReadonlyArray<string>
  /** Lets one happen. Throws `Broken`. */
  act(event: string): void
  /** What must hold now. Throws `Broken`. */
  check(): void
  /** Ends everything that is still open, in good order, and checks what must hold then. */
  settle(): void
  /** The state: worlds with the same key behave alike. */
  readonly key: string
}

/** Keys whose value is no state: shared tables, counters for reports, way back to the world. */
const ignored = new Set(["machines", "world", "settings", "parserOptions", "log"])

/**
 * The graph of objects below `root` as text, equal for equal graphs. Functions are equal if they have the
 * same text: what a closure holds is not seen.
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
