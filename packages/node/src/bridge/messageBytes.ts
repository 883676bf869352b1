/** Encodes a received request as bytes, and removes the hop-by-hop fields of a response. */
import { hasElement, listElements, type Framing } from "@httpfx/core/wire"

/** A flat list of field names and values: name, value, name, value, ... */
export type RawFields = ReadonlyArray<string>

const valuesOf = (fields: RawFields, name: string): Array<string> => {
  const values: Array<string> = []
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i]!.toLowerCase() === name) values.push(fields[i + 1]!)
  }
  return values
}

/** Returns the framing of a request body, as the fields of the request declare it. */
export const framingOf = (fields: RawFields): Framing => {
  if (valuesOf(fields, "transfer-encoding").length > 0) return { _tag: "Chunked" }
  const length = Number(valuesOf(fields, "content-length")[0] ?? 0)
  return length > 0 ? { _tag: "Length", length } : { _tag: "None" }
}

export interface RequestFacts {
  readonly method: string
  readonly target: string
  /** `1.1` or `1.0`. */
  readonly httpVersion: string
  readonly rawHeaders: RawFields
}

/** Encodes the head of a request as a latin1 string, without the fields named `without` (in lower case). */
export const requestHead = (request: RequestFacts, without?: string): string => {
  let text = `${request.method} ${request.target} HTTP/${request.httpVersion}\r\n`
  const { rawHeaders } = request
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.toLowerCase() === without) continue
    text += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`
  }
  return `${text}\r\n`
}

/**
 * Returns the fields of a response without hop-by-hop fields (RFC 9110 §7.6.1), because the fields go to
 * another connection, which has its own framing. Keeps `Connection: close`.
 */
export const endToEnd = (fields: RawFields): Array<string> => {
  const kept: Array<string> = []
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!.toLowerCase()
    const value = fields[i + 1]!
    if (name === "keep-alive") continue
    if (name === "connection") {
      if (hasElement(value, "close")) kept.push(fields[i]!, "close")
    } else if (name !== "transfer-encoding" || listElements(value).join().toLowerCase() !== "chunked") {
      kept.push(fields[i]!, value)
    }
  }
  return kept
}

/** Converts a flat list to name-value pairs. */
export const pairs = (fields: RawFields): Array<[name: string, value: string]> => {
  const list: Array<[string, string]> = []
  for (let i = 0; i < fields.length; i += 2) list.push([fields[i]!, fields[i + 1]!])
  return list
}
