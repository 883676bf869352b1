/** Converts a request of the promise client to a request of the pool. */
import { defaultContinueTimeout, defaultUnreadTimeout } from "../../../src/connection/client/defaults.js"
import type * as Ports from "../../../src/connection/client/ports.js"
import { defaultPort, origin } from "../../../src/pool/index.js"
import { asksToContinue, BodyWriter, encodeRequestHead, type Part } from "../../../src/wire/index.js"
import { accepted, type Fields, type Outgoing } from "./shared.js"

export interface Request {
  readonly method: string
  readonly url: string
  readonly fields?: Fields | undefined
  /** The body. An iterable is pulled only as fast as the server reads, and its request is never resent. */
  readonly body?: Outgoing | undefined
  /** Called at the end of `body`. A request with trailers is chunked. */
  readonly trailers?: (() => Fields) | undefined
  readonly signal?: AbortSignal | undefined
}

/** An encoded request. */
export interface Prepared extends Ports.Request {
  readonly source: Request
}

export const prepare = (source: Request, keepAlive: boolean): Prepared => {
  const { body, fields = [], method, trailers } = source
  const { host, hostname, pathname, port, protocol, search } = new URL(source.url)
  if (protocol !== "http:" && protocol !== "https:") throw new TypeError(`no client for ${protocol}`)
  const encoded = accepted(
    encodeRequestHead({
      method,
      target: pathname + search,
      headers: fields,
      host,
      body: body === undefined ? "none" : body instanceof Uint8Array ? body.length : "unknown",
      trailers: trailers !== undefined,
      keepAlive
    })
  )
  const streamed = body !== undefined && !(body instanceof Uint8Array)
  const expect = fields.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === "expect")
  return {
    source,
    origin: origin(protocol, hostname.replace(/^\[|\]$/g, ""), Number(port) || defaultPort[protocol]),
    method,
    path: pathname + search,
    versionMinor: 1,
    encoded,
    keepAlive: encoded.close === undefined,
    payload: streamed
      ? { _tag: "Stream" }
      : { _tag: "Parts", parts: partsOf(new BodyWriter(encoded.framing), body, trailers) },
    expectContinue: body !== undefined && expect >= 0 && asksToContinue(fields[expect + 1]!),
    continueTimeout: defaultContinueTimeout,
    unreadTimeout: defaultUnreadTimeout,
    earlyAnswer: "continue",
    alone: false,
    upgrade: false,
    takeOver: false,
    limits: undefined,
    spent: 0
  }
}

/** Frames a body in memory. The parts are sent at once, and can be resent. */
const partsOf = (
  writer: BodyWriter,
  body: Uint8Array | undefined,
  trailers: Request["trailers"]
): Array<Part> => {
  const parts: Array<Part> = []
  const sink = (part: Part) => void parts.push(part)
  if (body !== undefined) accepted(writer.write(body, sink))
  accepted(writer.end(trailers?.(), sink))
  return parts
}
