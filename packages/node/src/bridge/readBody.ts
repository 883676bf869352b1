/**
 * The body of a callback request that a parser, such as `express.json()`, may have read before. Finds where
 * the parser has put the body, and encodes it as bytes again.
 */
import type { IncomingMessage } from "node:http"
import type { RawFields } from "./messageBytes.js"

/** A callback request with the members in which parsers put a body. */
type Parsed = IncomingMessage & { readonly body?: unknown; readonly rawBody?: unknown }

/**
 * The state of a request body: unread, read and taken back from the parser, or read and gone. `reason` names
 * the remedies.
 */
export type ReadBody =
  | { readonly _tag: "Unread" }
  | { readonly _tag: "Kept"; readonly bytes: Uint8Array; readonly rawHeaders: RawFields }
  | { readonly _tag: "Gone"; readonly reason: string; readonly rawHeaders: RawFields }

const advice =
  "Give the request to the Effect app before the body is read, or keep its bytes in `req.rawBody` " +
  "(`express.json({ verify: (req, _res, bytes) => { req.rawBody = bytes } })`). " +
  "A handler can also use what was parsed: `bridge.callbackRequest`"

/** The state of a body that no code has begun to read. */
export const unread: ReadBody = { _tag: "Unread" }

/**
 * Returns the fields without the fields `drops`, and with the fields `added`, which declare the framing of
 * the bytes that the app gets.
 */
const reframed = (
  fields: RawFields,
  drops: ReadonlyArray<string>,
  ...added: Array<string>
): Array<string> => {
  const kept: Array<string> = []
  for (let i = 0; i < fields.length; i += 2) {
    if (!drops.includes(fields[i]!.toLowerCase())) kept.push(fields[i]!, fields[i + 1]!)
  }
  return [...kept, ...added]
}

const gone = (req: IncomingMessage, why: string): ReadBody => ({
  _tag: "Gone",
  reason: `the request body ${why}. ${advice}`,
  rawHeaders: reframed(
    req.rawHeaders,
    ["content-length", "transfer-encoding"],
    "Transfer-Encoding",
    "chunked"
  )
})

const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array

/** Adds the pairs of a form, with the names of nested values that `qs` reads (`a[b]=1`). */
const addPairs = (pairs: URLSearchParams, name: string, value: unknown): void => {
  if (Array.isArray(value)) {
    value.forEach((item: unknown, i) => {
      addPairs(pairs, typeof item === "object" ? `${name}[${i}]` : name, item)
    })
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value))
      addPairs(pairs, name === "" ? key : `${name}[${key}]`, item)
  } else pairs.append(name, String(value ?? ""))
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Returns the text of a parsed body, or `undefined` if the text cannot be reconstructed. */
const textOf = (type: string, body: unknown): string | undefined => {
  if (type === "application/json" || type.endsWith("+json")) {
    if (typeof body === "string" && isJson(body)) return body
    try {
      return JSON.stringify(body)
    } catch {
      return undefined
    }
  }
  if (typeof body === "string") return body
  if (type !== "application/x-www-form-urlencoded" || typeof body !== "object" || body === null)
    return undefined
  const pairs = new URLSearchParams()
  addPairs(pairs, "", body)
  return pairs.toString()
}

const charset = /;\s*charset\s*=\s*("[^"]*"|[^;\s]*)/i

/**
 * Returns the body with fields that fit its bytes. A parser has already decoded the content coding and the
 * charset, so the fields must not declare them any more.
 */
const kept = (req: IncomingMessage, bytes: Uint8Array, isText: boolean): ReadBody => {
  const length = String(bytes.length)
  // If the number of bytes equals `Content-Length`, the bytes are as sent, so the fields still fit.
  if (!isText && req.headers["content-length"] === length) {
    return { _tag: "Kept", bytes, rawHeaders: req.rawHeaders }
  }
  const chunked = req.headers["transfer-encoding"] !== undefined
  const rawHeaders = chunked
    ? reframed(req.rawHeaders, ["content-encoding"])
    : reframed(req.rawHeaders, ["content-encoding", "content-length"], "Content-Length", length)
  for (let i = 0; isText && i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.toLowerCase() !== "content-type") continue
    rawHeaders[i + 1] = rawHeaders[i + 1]!.replace(charset, "; charset=utf-8")
  }
  return { _tag: "Kept", bytes, rawHeaders }
}

/** Finds the body of a request that declares one. */
export const readBody = (req: Parsed): ReadBody => {
  const ended = req.readableEnded
  if (!ended && !req.readableDidRead) return unread
  if (!ended) return gone(req, "has been read in part by other code")
  if (!req.readableDidRead) return kept(req, new Uint8Array(0), false)
  const { body, rawBody } = req
  if (isBytes(rawBody)) return kept(req, rawBody, false)
  if (typeof rawBody === "string") return kept(req, Buffer.from(rawBody), true)
  if (isBytes(body)) return kept(req, body, false)
  if (body === undefined)
    return gone(req, "has been read by other code, which left neither `req.body` nor `req.rawBody`")
  const type = (req.headers["content-type"] ?? "").split(";", 1)[0]!.trim().toLowerCase()
  const text = textOf(type, body)
  if (text === undefined) {
    return gone(
      req,
      `has been parsed, and \`req.body\` does not tell the bytes of ${type || "an unknown type"}`
    )
  }
  return kept(req, Buffer.from(text), true)
}
