/**
 * Incremental parser of multipart bodies (RFC 2046 §5.1, RFC 7578). Finds delimiters with multipasta's
 * search, as platform's parser does.
 *
 * Buffers at most the fields of one part, never its content. Stops at the first failure and ignores all later
 * input.
 */
import type { PartInfo } from "multipasta"
import * as Search from "multipasta/Search"
import { decodeExtended, decodeText, parseParameters, unescapeName } from "./parameters.js"

/** Receives the content of one part. */
export interface PartSink {
  /** Handles content bytes. Returns a failure if these bytes make the part too large. */
  data(bytes: Uint8Array): MultipartFailure | undefined
  end(): void
}

export interface MultipartFailure {
  readonly reason: "FileTooLarge" | "FieldTooLarge" | "TooManyParts" | "Parse"
  readonly message: string
}

/** Maximum length of a boundary, in characters (RFC 2046 §5.1.1). */
const longestBoundary = 70
/** Maximum size of the fields of one part, in bytes. */
const maxFields = 16_384

const CR = 13
const LF = 10
const HYPHEN = 45
const crlf = Uint8Array.of(CR, LF)

const malformed = (message: string): MultipartFailure => ({ reason: "Parse", message })

/** Returns the boundary of a multipart type. Returns `undefined` for another type or an invalid boundary. */
export const boundaryOf = (contentType: string): string | undefined => {
  const parsed = parseParameters(contentType)
  if (parsed === undefined || !parsed.value.startsWith("multipart/")) return undefined
  const boundary = parsed.parameters.get("boundary")
  return boundary !== undefined && boundary.length > 0 && boundary.length <= longestBoundary
    ? boundary
    : undefined
}

type Place = "preamble" | "delimiter" | "fields" | "content" | "epilogue"

export class MultipartParser {
  failure: MultipartFailure | undefined = undefined

  private readonly search: ReturnType<typeof Search.make>
  private place: Place = "preamble"
  /** Number of delimiters seen so far. */
  private delimiters = 0
  private part: PartSink | undefined = undefined
  /** The received bytes of the line after a delimiter and of the fields that follow. */
  private readonly lines = new Uint8Array(maxFields)
  private length = 0
  /** Position up to which `lines` has been searched for line ends. */
  private searched = 0

  constructor(
    boundary: string,
    /** Called when the fields of a part are complete. */
    private readonly begin: (info: PartInfo) => PartSink | MultipartFailure
  ) {
    this.search = Search.make(`\r\n--${boundary}`, (delimiters, bytes) => {
      if (this.failure === undefined) this.failure = this.take(delimiters, bytes)
    })
    // The search expects CRLF before every delimiter, but a body may begin with a delimiter. So feed a CRLF
    // before the body.
    this.search.write(crlf)
  }

  write(bytes: Uint8Array): void {
    if (this.failure === undefined) this.search.write(bytes)
  }

  /** Ends the body. */
  end(): void {
    this.search.end()
    if (this.place !== "epilogue") this.failure ??= malformed("the body ends before its closing delimiter")
  }

  private take(delimiters: number, bytes: Uint8Array): MultipartFailure | undefined {
    if (delimiters !== this.delimiters && this.place !== "epilogue") {
      const failure = this.delimiter(delimiters)
      if (failure !== undefined) return failure
    }
    switch (this.place) {
      case "preamble":
      case "epilogue":
        return undefined
      case "content":
        return this.part!.data(bytes)
      case "delimiter":
      case "fields":
        return this.hold(bytes)
    }
  }

  private delimiter(delimiters: number): MultipartFailure | undefined {
    const failure = this.place === "fields" ? this.endOfFields() : undefined
    if (failure !== undefined) return failure
    if (this.place === "delimiter" || delimiters > this.delimiters + 1)
      return malformed("the line of a delimiter has a second delimiter")
    this.part?.end()
    this.part = undefined
    this.delimiters = delimiters
    this.place = "delimiter"
    this.length = this.searched = 0
    return undefined
  }

  // Called for a delimiter after fields. A part without content may omit the empty line (RFC 2046 §5.1.1,
  // `body-part`).
  private endOfFields(): MultipartFailure | undefined {
    const { lines, length } = this
    return length === 0 || (lines[length - 2] === CR && lines[length - 1] === LF)
      ? this.fields(length)
      : malformed("a part ends within its fields")
  }

  private hold(bytes: Uint8Array): MultipartFailure | undefined {
    const before = this.length
    const fits = Math.min(bytes.length, maxFields - before)
    this.lines.set(fits === bytes.length ? bytes : bytes.subarray(0, fits), before)
    this.length += fits
    if (this.place === "delimiter") {
      const { lines } = this
      if (this.length >= 2 && lines[0] === HYPHEN && lines[1] === HYPHEN) {
        this.place = "epilogue"
        return undefined
      }
      const line = this.lineEnd(0)
      if (line === undefined) return this.tooLong(bytes.length > fits)
      // Spaces and tabs may follow a delimiter (RFC 2046 §5.1.1, `transport-padding`).
      if (lines.subarray(0, line).some((byte) => byte !== 32 && byte !== 9))
        return malformed("the line of a delimiter has other content")
      lines.copyWithin(0, line + 2, this.length)
      this.length -= line + 2
      this.searched = 0
      this.place = "fields"
    }
    const end = this.emptyLine()
    if (end === undefined) return this.tooLong(bytes.length > fits)
    // All bytes of this chunk after the empty line are content, because the search ends a chunk before a
    // delimiter.
    const content = this.length - end.next + (bytes.length - fits)
    const failure = this.fields(end.fields)
    if (failure !== undefined || content === 0) return failure
    return this.part!.data(bytes.subarray(bytes.length - content))
  }

  private tooLong(more: boolean): MultipartFailure | undefined {
    return more ? malformed(`the fields of a part are larger than ${maxFields} bytes`) : undefined
  }

  private lineEnd(from: number): number | undefined {
    const { lines, length } = this
    for (let at = Math.max(from, this.searched); at + 1 < length; at++)
      if (lines[at] === CR && lines[at + 1] === LF) return at
    this.searched = Math.max(from, length - 1)
    return undefined
  }

  /** Finds the end of the fields and the start of the content. */
  private emptyLine(): { readonly fields: number; readonly next: number } | undefined {
    const { lines, length } = this
    if (length >= 2 && lines[0] === CR && lines[1] === LF) return { fields: 0, next: 2 }
    for (let at = this.searched; at + 3 < length; at++)
      if (lines[at] === CR && lines[at + 1] === LF && lines[at + 2] === CR && lines[at + 3] === LF)
        return { fields: at + 2, next: at + 4 }
    this.searched = Math.max(0, length - 3)
    return undefined
  }

  private fields(length: number): MultipartFailure | undefined {
    const info = partInfo(decodeText(this.lines.subarray(0, length)))
    if ("reason" in info) return info
    const part = this.begin(info)
    if ("reason" in part) return part
    this.part = part
    this.place = "content"
    return undefined
  }
}

const partInfo = (text: string): PartInfo | MultipartFailure => {
  const headers: Record<string, string | Array<string>> = Object.create(null)
  // Lines end with CRLF. A line that starts with white space continues the previous line (RFC 5322 §2.2.3).
  for (const line of text
    .replace(/\r\n(?=[ \t])/g, "")
    .split("\r\n")
    .slice(0, -1)) {
    const [, name, raw] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\r\n\0]*)$/.exec(line) ?? []
    if (name === undefined || raw === undefined) return malformed("a part has a malformed field")
    const key = name.toLowerCase()
    const value = raw.trim()
    const earlier = headers[key]
    headers[key] =
      earlier === undefined ? value : typeof earlier === "string" ? [earlier, value] : [...earlier, value]
  }
  const disposition = parseField(headers["content-disposition"])
  const type = parseField(headers["content-type"])
  if (disposition === undefined || type === undefined) return malformed("a part has a malformed field")
  const name = disposition.parameters.get("name")
  if (name === undefined && disposition.value === "form-data") return malformed("a part has no name")
  const extended = disposition.parameters.get("filename*")
  const plain = disposition.parameters.get("filename")
  const filename =
    (extended && decodeExtended(extended)) ?? (plain === undefined ? undefined : unescapeName(plain))
  return {
    name: unescapeName(name ?? ""),
    filename,
    contentType: type.value || (filename === undefined ? "text/plain" : "application/octet-stream"),
    contentTypeParameters: Object.fromEntries(type.parameters),
    contentDisposition: disposition.value,
    contentDispositionParameters: Object.fromEntries(disposition.parameters),
    headers
  }
}

const parseField = (value: string | Array<string> | undefined) =>
  typeof value === "object" ? undefined : parseParameters(value ?? "")
