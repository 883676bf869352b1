/**
 * Reads the caller's header fields, and converts them to a flat list: name, value, name, value, ... The
 * encoder validates the values.
 */
import type { HeadersInput } from "../options/request.js"

export const hasField = (headers: ReadonlyArray<string>, lowerName: string): boolean => {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    if (name.length === lowerName.length && name.toLowerCase() === lowerName) return true
  }
  return false
}

const isList = (input: HeadersInput): input is ReadonlyArray<string> => Array.isArray(input)

/**
 * Returns the fields as a new flat list. An array of values becomes one line per value. For a name in
 * `unique` (Node's `uniqueHeaders`), the array becomes a single line joined with `"; "`.
 */
export const flatten = (input: HeadersInput | undefined, unique?: ReadonlyArray<string>): Array<string> => {
  if (input === undefined) return []
  if (isList(input)) return [...input]
  const flat: Array<string> = []
  const once = unique?.map((name) => name.toLowerCase())
  for (const name of Object.keys(input)) {
    const value = input[name]
    if (value === undefined) continue
    if (typeof value !== "object") flat.push(name, String(value))
    else if (once?.includes(name.toLowerCase()) === true) flat.push(name, value.join("; "))
    else for (const item of value) flat.push(name, String(item))
  }
  return flat
}
