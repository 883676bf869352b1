/**
 * Serialises options to a key. Two keys are equal if and only if the options are equal. Functions and buffers
 * are compared by identity, and all other values by content. A key may contain secrets, so it must never
 * leave the process.
 */
const identities = new WeakMap<object, number>()
let identitiesGiven = 0

const identity = (value: object): string => {
  let number = identities.get(value)
  if (number === undefined) identities.set(value, (number = ++identitiesGiven))
  return `#${number}`
}

const text = (value: unknown): string => {
  if (typeof value === "function") return identity(value)
  if (ArrayBuffer.isView(value)) return identity(value)
  if (Array.isArray(value)) return `[${value.map(text).join(",")}]`
  if (typeof value === "object" && value !== null) return fieldsOf(value)
  return JSON.stringify(value) ?? ""
}

const fieldsOf = (record: object): string => {
  let joined = "{"
  for (const name of Object.keys(record).sort()) {
    const value = (record as Record<string, unknown>)[name]
    if (value !== undefined) joined += `${name}=${text(value)};`
  }
  return `${joined}}`
}

// Caches keys by record, because many requests may share one record of options.
const known = new WeakMap<object, string>()

export const keyOf = (options: object | undefined): string => {
  if (options === undefined) return ""
  let key = known.get(options)
  if (key === undefined) known.set(options, (key = fieldsOf(options)))
  return key
}
