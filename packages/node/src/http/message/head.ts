/**
 * Stores the fields of a sent message as Node does, and builds the head from them. `wire/` checks names and
 * values, and decides which fields are added by default.
 */
import {
  hasNoContent,
  httpDate,
  isFieldValue,
  NodeField,
  nodeField,
  nodeHead,
  NodeTrait,
  saysChunked,
  saysClose,
  type Spelling,
  Spellings
} from "@httpfx/core/wire"
import { deprecate } from "node:util"
import { headersSent, invalidArgType, invalidArgValue, violationError } from "../own/errors.js"
import { clock, outHeaders, uniqueHeaders } from "../own/symbols.js"
import type { HeaderValue, Outgoing, OutHeaders } from "./shapes.js"
import { textOf, validateHeaderName, validateString, validateValueOf } from "../own/validate.js"
import { wallNow } from "../../time/realTime.js"

/** Returns the field names in the option `uniqueHeaders`, in lower case. */
export const parseUniqueHeaders = (names: unknown): Set<string> | null => {
  if (!Array.isArray(names)) return null
  return new Set((names as Array<string>).map((name) => name.toLowerCase()))
}

const fieldsOf = (message: Outgoing): OutHeaders =>
  (message[outHeaders] ??= Object.create(null) as OutHeaders)

const spellings = new Spellings(nodeField)

const spelled = (name: string): Spelling => {
  if (typeof name !== "string") validateHeaderName(name)
  const spelling = spellings.of(name)
  if (!spelling.valid) validateHeaderName(name)
  return spelling
}

function setHeader(this: Outgoing, name: string, value: HeaderValue): Outgoing {
  if (this._header) throw headersSent("set")
  const { lower } = spelled(name)
  validateValueOf(this, name, value)
  fieldsOf(this)[lower] = [name, value]
  return this
}

/** Records that the program has removed a field, so that no default is added for that field. */
const markRemoved = (message: Outgoing, field: number): void => {
  if (field === NodeField.Connection) message._removedConnection = true
  else if (field === NodeField.ContentLength) message._removedContLen = true
  else if (field === NodeField.TransferEncoding) message._removedTE = true
  else if (field === NodeField.Date) message.sendDate = false
}

function setHeaders(this: Outgoing, headers: Headers | Map<string, HeaderValue>): Outgoing {
  if (this._header) throw headersSent("set")
  if (
    !headers ||
    Array.isArray(headers) ||
    typeof headers.keys !== "function" ||
    typeof headers.get !== "function"
  ) {
    throw invalidArgType("headers", ["Headers", "Map"], headers)
  }
  // `Headers` yields each set-cookie separately. Collect them, because `setHeader` would replace the previous
  // value.
  const cookies: Array<string> = []
  for (const [name, value] of headers as Iterable<[string, HeaderValue]>) {
    if (name === "set-cookie") {
      if (Array.isArray(value)) cookies.push(...(value as Array<string>))
      else cookies.push(value as string)
      continue
    }
    this.setHeader(name, value)
  }
  if (cookies.length > 0) this.setHeader("set-cookie", cookies)
  return this
}

function appendHeader(this: Outgoing, name: string, value: HeaderValue): Outgoing {
  if (this._header) throw headersSent("append")
  validateHeaderName(name)
  validateValueOf(this, name, value)
  const entry = this[outHeaders]?.[name.toLowerCase()]
  if (entry === undefined) return this.setHeader(name, value) as Outgoing
  const before = Array.isArray(entry[1]) ? (entry[1] as Array<string>) : [entry[1] as string]
  entry[1] = before.concat(value as string | Array<string>)
  return this
}

function getHeader(this: Outgoing, name: string): HeaderValue | undefined {
  validateString(name, "name")
  return this[outHeaders]?.[name.toLowerCase()]?.[1]
}

function getHeaderNames(this: Outgoing): Array<string> {
  return this[outHeaders] === null ? [] : Object.keys(this[outHeaders])
}

function getRawHeaderNames(this: Outgoing): Array<string> {
  return this[outHeaders] === null ? [] : Object.values(this[outHeaders]).map((entry) => entry[0])
}

function getHeaders(this: Outgoing): { [name: string]: HeaderValue } {
  const copy = Object.create(null) as { [name: string]: HeaderValue }
  const fields = this[outHeaders]
  if (fields) for (const lower in fields) copy[lower] = fields[lower]![1]
  return copy
}

function hasHeader(this: Outgoing, name: string): boolean {
  validateString(name, "name")
  const fields = this[outHeaders]
  return fields !== null && fields[name.toLowerCase()] !== undefined
}

function removeHeader(this: Outgoing, name: string): void {
  validateString(name, "name")
  if (this._header) throw headersSent("remove")
  const lower = name.toLowerCase()
  const field = nodeField(lower)
  if (field !== 0) markRemoved(this, field)
  if (this[outHeaders] !== null) delete this[outHeaders][lower]
}

function renderHeaders(this: Outgoing): { [name: string]: HeaderValue } {
  if (this._header) throw headersSent("render")
  const rendered: { [name: string]: HeaderValue } = {}
  const fields = this[outHeaders]
  if (fields) for (const lower in fields) rendered[fields[lower]![0]] = fields[lower]![1]
  return rendered
}

let dateLine = ""
let dateOfLine = ""
const dateAt = (now: number): string => {
  const date = httpDate(now)
  if (date !== dateOfLine) {
    dateOfLine = date
    dateLine = "Date: " + date + "\r\n"
  }
  return dateLine
}

/** Encodes fields into a head. Records which of the fields affect the framing or the connection. */
class Printer {
  text: string
  seen = 0

  constructor(
    private readonly message: Outgoing,
    firstLine: string
  ) {
    this.text = firstLine
  }

  /**
   * Encodes one field. With `check`, validates the name and the value. The caller passes `true` unless it has
   * validated them.
   */
  field(name: string, value: unknown, check: boolean): void {
    const spelling = check ? spelled(name) : spellings.of(name)
    if (!Array.isArray(value)) return this.line(spelling, name, value as string | number, check)
    const joined = spelling.meaning === NodeField.Cookie && value.length >= 2
    if (joined || this.message[uniqueHeaders]?.has(spelling.lower) === true) {
      return this.line(spelling, name, (value as Array<string>).join("; "), check)
    }
    for (const one of value as Array<string>) this.line(spelling, name, one, check)
  }

  private line(spelling: Spelling, name: string, value: string | number, check: boolean): void {
    const { meaning } = spelling
    if (spelling.value === value && value !== undefined) {
      if (meaning !== 0) this.note(meaning, value)
      this.text += spelling.line
      return
    }
    const printed = typeof value === "string" ? value : textOf(value)
    if (check && (value === undefined || !isFieldValue(printed))) {
      validateValueOf(this.message, name, value === undefined ? value : printed)
      // `httpValidation` allows this value in this message only, so keep the value out of the cache that all
      // messages share.
      check = false
    }
    // Pass the value itself and not its text, because a `content-length` may be any value that converts to a
    // number.
    const noted = meaning === 0 ? value : this.note(meaning, value)
    const sent = meaning === NodeField.ContentDisposition ? String(noted) : printed
    const line = name + ": " + sent + "\r\n"
    this.text += line
    // The encoding of a file name depends on the message, so keep the line out of the cache.
    if (meaning === NodeField.ContentDisposition) return
    if (typeof value === "number" || typeof value === "string") {
      if (check || (spelling.valid && isFieldValue(printed))) spelling.keep(value, line)
    }
  }

  private note(field: number, value: string | number): string | number {
    const message = this.message
    this.seen |= field
    switch (field) {
      case NodeField.Connection:
        message._removedConnection = false
        if (saysClose(String(value))) message._last = true
        else message.shouldKeepAlive = true
        break
      case NodeField.TransferEncoding:
        message._removedTE = false
        if (saysChunked(String(value))) message.chunkedEncoding = true
        break
      case NodeField.ContentLength:
        message._contentLength = +(value as string)
        message._removedContLen = false
        break
      case NodeField.KeepAlive:
        message._defaultKeepAlive = false
        break
      case NodeField.ContentDisposition:
        // With a text body, the head is sent as UTF-8. Decode the latin1 bytes of a file name as UTF-8 here,
        // because the later encoding as UTF-8 restores these bytes.
        if (message._contentLength) return Buffer.from(String(value), "latin1").toString("utf8")
    }
    return value
  }
}

const printAll = (printer: Printer, message: Outgoing, headers: unknown): void => {
  if (!headers) return
  if (headers === message[outHeaders]) {
    const fields = headers as OutHeaders
    for (const lower in fields) {
      const entry = fields[lower]!
      printer.field(entry[0], entry[1], false)
    }
  } else if (Array.isArray(headers)) {
    const list = headers as Array<unknown>
    if (list.length > 0 && Array.isArray(list[0])) {
      for (const entry of list as Array<[string, unknown]>) printer.field(entry[0], entry[1], true)
      return
    }
    if (list.length % 2 !== 0) throw invalidArgValue("headers", headers)
    for (let i = 0; i < list.length; i += 2) printer.field(list[i] as string, list[i + 1], true)
  } else {
    const record = headers as { [name: string]: unknown }
    for (const name in record) {
      if (Object.hasOwn(record, name)) printer.field(name, record[name], true)
    }
  }
}

const traitsOf = (message: Outgoing): number =>
  (message.shouldKeepAlive ? NodeTrait.KeepAlive : 0) |
  (message.chunkedEncoding ? NodeTrait.Chunked : 0) |
  (message._last ? NodeTrait.Last : 0) |
  (message._hasBody ? NodeTrait.HasBody : 0) |
  (message.useChunkedEncodingByDefault ? NodeTrait.MayChunk : 0) |
  (message._removedConnection ? NodeTrait.NoConnection : 0) |
  (message._removedContLen ? NodeTrait.NoLength : 0) |
  (message._removedTE ? NodeTrait.NoCoding : 0) |
  (message.maxRequestsOnConnectionReached ? NodeTrait.LimitReached : 0) |
  (message.agent ? NodeTrait.Pooled : 0) |
  (message.statusCode !== undefined && hasNoContent(message.statusCode) ? NodeTrait.Bodiless : 0)

function storeHeader(this: Outgoing, firstLine: string, headers: unknown): void {
  const printer = new Printer(this, firstLine)
  printAll(printer, this, headers)
  if (this.sendDate && (printer.seen & NodeField.Date) === 0) {
    printer.text += dateAt(this[clock] === undefined ? wallNow() : this[clock].wallTime())
  }
  const length = typeof this._contentLength === "number" ? this._contentLength : -1
  const timeout = this._defaultKeepAlive ? this._keepAliveTimeout : 0
  const decided = nodeHead(
    printer.seen,
    traitsOf(this),
    length,
    timeout,
    ~~(this._maxRequestsPerSocket as number)
  )
  if ("_tag" in decided) throw violationError(decided)
  this.shouldKeepAlive = (decided.traits & NodeTrait.KeepAlive) !== 0
  this.chunkedEncoding = (decided.traits & NodeTrait.Chunked) !== 0
  this._last = (decided.traits & NodeTrait.Last) !== 0
  this._header = printer.text + decided.lines + "\r\n"
  this._headerSent = false
  // After `Expect` the program writes the body only when the 100 has arrived, so send the head now. Without
  // `Expect` the head is sent with the body.
  if ((printer.seen & NodeField.Expect) !== 0) this._send("")
}

const headersText = "OutgoingMessage.prototype._headers is deprecated"
const headerNamesText = "OutgoingMessage.prototype._headerNames is deprecated"

/** Adds the members defined in this file to a prototype. */
export const install = (
  proto: Outgoing,
  getter: (name: string, get: (this: Outgoing) => unknown, enumerable?: boolean) => void
): void => {
  Object.defineProperty(proto, "_headers", {
    configurable: true,
    enumerable: false,
    get: deprecate(
      function (this: Outgoing) {
        return getHeaders.call(this)
      },
      headersText,
      "DEP0066"
    ),
    set: deprecate(
      function (this: Outgoing, given: { [name: string]: HeaderValue } | null) {
        if (given === null || given === undefined) {
          this[outHeaders] = null
        } else if (typeof given === "object") {
          const fields = (this[outHeaders] = Object.create(null) as OutHeaders)
          for (const name of Object.keys(given)) fields[name.toLowerCase()] = [name, given[name]!]
        }
      },
      headersText,
      "DEP0066"
    )
  })
  Object.defineProperty(proto, "_headerNames", {
    configurable: true,
    enumerable: false,
    get: deprecate(
      function (this: Outgoing) {
        const fields = this[outHeaders]
        if (fields === null) return null
        const names = Object.create(null) as { [lower: string]: string }
        for (const lower in fields) names[lower] = fields[lower]![0]
        return names
      },
      headerNamesText,
      "DEP0066"
    ),
    set: deprecate(
      function (this: Outgoing, given: { [lower: string]: string }) {
        const fields = this[outHeaders]
        if (typeof given !== "object" || given === null || !fields) return
        for (const lower of Object.keys(given)) if (fields[lower]) fields[lower]![0] = given[lower]!
      },
      headerNamesText,
      "DEP0066"
    )
  })
  getter(
    "headersSent",
    function () {
      return !!this._header
    },
    true
  )
  Object.assign(proto, {
    _renderHeaders: renderHeaders,
    _storeHeader: storeHeader,
    setHeader,
    setHeaders,
    appendHeader,
    getHeader,
    getHeaderNames,
    getRawHeaderNames,
    getHeaders,
    hasHeader,
    removeHeader
  })
}
