/**
 * Converts exchanges to HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/). Unknown values are -1 or
 * empty, as the specification requires. Bodies are stored in their content codings, without decoding.
 *
 * @since 0.1.0
 */
import type { RequestHead, ResponseHead } from "@httpfx/core/wire"
import type { Exchange, Message } from "./tap/parse.js"
import { textOf } from "./tap/wireText.js"

/**
 * A header field or a parameter, as `name` and `value`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Pair {
  readonly name: string
  readonly value: string
}

/**
 * A cookie (RFC 6265). If the message contains the attributes `path`, `domain`, `expires`, `httpOnly` and
 * `secure`, the cookie has them too.
 *
 * @since 0.1.0
 * @category models
 */
export interface Cookie extends Pair {
  readonly path?: string
  readonly domain?: string
  readonly expires?: string
  readonly httpOnly?: boolean
  readonly secure?: boolean
}

/**
 * A request: `method`, `url`, `httpVersion`, `cookies`, `headers`, `queryString`, and its body as `postData`
 * (`mimeType`, `params`, `text`). `headersSize` and `bodySize` are bytes on the wire, or -1 if unknown.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request {
  readonly method: string
  readonly url: string
  readonly httpVersion: string
  readonly cookies: ReadonlyArray<Cookie>
  readonly headers: ReadonlyArray<Pair>
  readonly queryString: ReadonlyArray<Pair>
  readonly postData?: {
    readonly mimeType: string
    readonly params: ReadonlyArray<Pair>
    readonly text: string
    /** The encoding of `text`: `base64` if the body is not text, otherwise omitted. */
    readonly _encoding?: "base64"
  }
  readonly headersSize: number
  readonly bodySize: number
}

/**
 * A response: `status`, `statusText` (the reason phrase), `httpVersion`, `cookies`, `headers`, `redirectURL`,
 * and the body as `content`. `content` has `size` (in bytes), `mimeType`, `text`, and, if the body is not
 * text, `encoding`. `headersSize` and `bodySize` are bytes on the wire, or -1 if unknown.
 *
 * @since 0.1.0
 * @category models
 */
export interface Response {
  /** The status code. 0 if the response is missing. */
  readonly status: number
  readonly statusText: string
  readonly httpVersion: string
  readonly cookies: ReadonlyArray<Cookie>
  readonly headers: ReadonlyArray<Pair>
  readonly content: {
    readonly size: number
    readonly mimeType: string
    readonly text?: string
    readonly encoding?: "base64"
  }
  readonly redirectURL: string
  readonly headersSize: number
  readonly bodySize: number
}

/**
 * An exchange: its `request` and `response`, its start as `startedDateTime` (ISO 8601), and its duration as
 * `time` (ms). `timings` divides the duration into phases (`blocked`, `dns`, `connect`, `ssl`, `send`,
 * `wait`, `receive`, in ms; -1 if unknown). `connection` and `serverIPAddress` identify the connection.
 * `cache` is always empty.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entry {
  readonly startedDateTime: string
  readonly time: number
  readonly request: Request
  readonly response: Response
  readonly cache: Record<string, never>
  readonly timings: {
    readonly blocked: number
    readonly dns: number
    readonly connect: number
    readonly send: number
    readonly wait: number
    readonly receive: number
    readonly ssl: number
  }
  readonly serverIPAddress?: string
  readonly connection: string
}

/**
 * A HAR 1.2 document. `log` contains the `version` of the format, the `creator` (`name` and `version`) and
 * the `entries`. Each exchange has one entry.
 *
 * @since 0.1.0
 * @category models
 */
export interface Har {
  readonly log: {
    readonly version: "1.2"
    readonly creator: { readonly name: string; readonly version: string }
    readonly entries: ReadonlyArray<Entry>
  }
}

const pairs = (raw: ReadonlyArray<string>): Array<Pair> => {
  const list: Array<Pair> = []
  for (let index = 0; index + 1 < raw.length; index += 2)
    list.push({ name: raw[index]!, value: raw[index + 1]! })
  return list
}

const valuesOf = (raw: ReadonlyArray<string>, name: string) =>
  pairs(raw)
    .filter((pair) => pair.name.toLowerCase() === name)
    .map(({ value }) => value)

const split = (text: string): Pair => {
  const at = text.indexOf("=")
  return at < 0
    ? { name: text.trim(), value: "" }
    : { name: text.slice(0, at).trim(), value: text.slice(at + 1).trim() }
}

/** Parses the cookies of a request (RFC 6265 section 4.2). */
const sent = (raw: ReadonlyArray<string>): Array<Cookie> =>
  valuesOf(raw, "cookie").flatMap((value) =>
    value
      .split(";")
      .filter((part) => part.trim() !== "")
      .map(split)
  )

/** Parses the cookies that a response sets (RFC 6265 section 4.1). */
const set = (raw: ReadonlyArray<string>): Array<Cookie> =>
  valuesOf(raw, "set-cookie").map((line) => {
    const [first = "", ...attributes] = line.split(";")
    const known = new Map(attributes.map(split).map(({ name, value }) => [name.toLowerCase(), value]))
    const [path, domain, expires] = [
      known.get("path"),
      known.get("domain"),
      Date.parse(known.get("expires") ?? "")
    ]
    return {
      ...split(first),
      ...(path === undefined ? {} : { path }),
      ...(domain === undefined ? {} : { domain }),
      ...(Number.isNaN(expires) ? {} : { expires: new Date(expires).toISOString() }),
      httpOnly: known.has("httponly"),
      secure: known.has("secure")
    }
  })

const utf8 = new TextDecoder("utf-8", { fatal: true })

/** Returns a body as text if it is valid UTF-8 without control characters, otherwise as base64. */
const bodyText = (body: Uint8Array): { readonly text: string; readonly encoding?: "base64" } => {
  try {
    const text = utf8.decode(body)
    if (!/[\x00-\x08\x0e-\x1f]/.test(text)) return { text }
  } catch {
    // The body is not UTF-8, so encode it as base64.
  }
  return { text: btoa(textOf(body)), encoding: "base64" }
}

const typeOf = (raw: ReadonlyArray<string>) => valuesOf(raw, "content-type")[0] ?? ""
const versionOf = (head: RequestHead | ResponseHead) => `HTTP/${head.versionMajor}.${head.versionMinor}`

const urlOf = ({ connection, request }: Exchange): string => {
  const head = request?.head
  const secure = connection.events.some(({ _tag }) => _tag === "Secured")
  const target = head?.target ?? ""
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(target)) return target
  const scheme = secure ? "https" : "http"
  if (head?.method === "CONNECT") return `${scheme}://${target}`
  return `${scheme}://${head?.get("host") ?? "unknown.invalid"}${target === "*" ? "" : target}`
}

const queryOf = (url: string): Array<Pair> => {
  const from = url.indexOf("?")
  const query = from < 0 ? "" : url.slice(from + 1).replace(/#.*$/, "")
  return Array.from(new URLSearchParams(query), ([name, value]) => ({ name, value }))
}

const requestOf = (exchange: Exchange, message: Message<RequestHead>): Request => {
  const { body, head, headBytes } = message
  const url = urlOf(exchange)
  const { encoding, text } = bodyText(body)
  const mimeType = typeOf(head.rawHeaders)
  const posted = { mimeType, params: [], text, ...(encoding === undefined ? {} : { _encoding: encoding }) }
  return {
    method: head.method,
    url,
    httpVersion: versionOf(head),
    cookies: sent(head.rawHeaders),
    headers: pairs(head.rawHeaders),
    queryString: queryOf(url),
    ...(body.length === 0 ? {} : { postData: posted }),
    headersSize: headBytes,
    bodySize: body.length
  }
}

const responseOf = (message: Message<ResponseHead> | undefined): Response => {
  if (message === undefined) {
    return {
      status: 0,
      statusText: "",
      httpVersion: "",
      cookies: [],
      headers: [],
      content: { size: 0, mimeType: "" },
      redirectURL: "",
      headersSize: -1,
      bodySize: -1
    }
  }
  const { body, head, headBytes } = message
  return {
    status: head.status,
    statusText: head.statusMessage,
    httpVersion: versionOf(head),
    cookies: set(head.rawHeaders),
    headers: pairs(head.rawHeaders),
    content: {
      size: body.length,
      mimeType: typeOf(head.rawHeaders),
      ...(body.length === 0 ? {} : bodyText(body))
    },
    redirectURL: valuesOf(head.rawHeaders, "location")[0] ?? "",
    headersSize: headBytes,
    bodySize: body.length
  }
}

const entryOf = (exchange: Exchange, request: Message<RequestHead>): Entry => {
  const { connection, response } = exchange
  const send = request.ended - request.begun
  // A response may begin before the upload has ended. `wait` must then be 0, because the difference is
  // negative.
  const wait = response === undefined ? 0 : Math.max(0, response.begun - request.ended)
  const receive =
    response === undefined ? 0 : Math.max(0, response.ended - Math.max(response.begun, request.ended))
  const server =
    connection.server?._tag === "TcpAddress" ? { serverIPAddress: connection.server.hostname } : {}
  return {
    startedDateTime: new Date(request.begun).toISOString(),
    time: send + wait + receive,
    request: requestOf(exchange, request),
    response: responseOf(response),
    cache: {},
    timings: { blocked: -1, dns: -1, connect: -1, send, wait, receive, ssl: -1 },
    ...server,
    connection: String(connection.id)
  }
}

/**
 * Converts exchanges, such as those of `Wiretap.exchanges`, to a HAR document for `JSON.stringify`. Entries
 * have the order in which the requests began. A response without a request gets no entry.
 *
 * @example
 * import { Wiretap } from "@httpfx/testing"
 * import { Har } from "@httpfx/testing/tools"
 * import { Effect } from "effect"
 *
 * const har = Effect.map(Wiretap.exchanges, Har.fromExchanges)
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromExchanges = (exchanges: ReadonlyArray<Exchange>): Har => ({
  log: {
    version: "1.2",
    creator: { name: "@httpfx/testing", version: "0.1.0" },
    entries: exchanges
      .flatMap((exchange) =>
        exchange.request === undefined ? [] : [{ exchange, request: exchange.request }]
      )
      .sort((a, b) => a.request.begun - b.request.begun)
      .map(({ exchange, request }) => entryOf(exchange, request))
  }
})
