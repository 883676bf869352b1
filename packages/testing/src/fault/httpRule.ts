/**
 * A rule that acts at a position in HTTP messages. The rule matches and counts messages, and finds the
 * position.
 *
 * The rule parses both directions of every matching connection, and stores the offsets at which it must act.
 */
import { Body, RequestParser, ResponseParser, type RequestHead, type ResponseHead } from "@httpfx/core/wire"
import type { Pattern } from "../Conditions.js"
import type { Link, Passing, Rule, Side, Verdict } from "../Verdict.js"
import { beginsRequest, Tracker, type Places } from "./httpTracker.js"
import { compile, matches, originOf } from "./patterns.js"

/**
 * Selects among the matching messages, which are counted from 1. The value is one number, several numbers, or
 * a predicate.
 *
 * @since 0.1.0
 * @category models
 */
export type Nth = number | ReadonlyArray<number> | ((number: number) => boolean)

/**
 * Selects messages, and a position in them. Omitted properties match everything. If both `request` and
 * `response` are omitted, every response matches. Informational responses (1xx) are neither counted nor
 * matched.
 *
 * @since 0.1.0
 * @category models
 */
export interface HttpMatch {
  /** The end that accepts the connection. */
  readonly origin?: Pattern | undefined
  /** The end that connects. */
  readonly from?: Pattern | undefined
  /** Number of the only connection to match, as in `MemoryNetwork.connections`. Default: all connections. */
  readonly connection?: number | undefined
  /** Selects among the responses that all other properties match. */
  readonly response?: Nth | undefined
  /**
   * Selects among the requests that all other properties match. If set, the fault acts on requests and not on
   * responses.
   */
  readonly request?: Nth | undefined
  /**
   * The range over which messages are counted. `connection` is one connection. `origin` is all connections to
   * one address and port. Default `origin`.
   */
  readonly per?: "origin" | "connection" | undefined
  /** Method of the request, or of the request to which a response belongs. */
  readonly method?: string | undefined
  /** Target of the request as sent, as an exact text or a pattern. */
  readonly target?: string | RegExp | undefined
  /** The status of the response, or a predicate for the status. */
  readonly status?: number | ((status: number) => boolean) | undefined
  /**
   * The position: before the head (`head`), after the head (`body`), or at the end of the message (`end`).
   * Default `head`.
   */
  readonly at?: "head" | "body" | "end" | undefined
  /** Number of chunks of a chunked body after which the fault acts. If set, `at` has no effect. */
  readonly afterChunk?: number | undefined
  /** Number of bytes of the content after which the fault acts. If set, `at` has no effect. */
  readonly afterBytes?: number | undefined
}

/**
 * The message at which a fault acts.
 *
 * @since 0.1.0
 * @category models
 */
export interface HttpPoint {
  /** The two ends of the message's connection. */
  readonly link: Link
  /** The head of the request. `undefined` for a response whose request was not seen. */
  readonly request: RequestHead | undefined
  /** The head of the response. `undefined` if the fault acts on a request. */
  readonly response: ResponseHead | undefined
  /** The number of this message among the matching messages, from 1. */
  readonly number: number
}

const isNth = (nth: Nth | undefined, number: number): boolean =>
  nth === undefined
    ? true
    : typeof nth === "function"
      ? nth(number)
      : typeof nth === "number"
        ? nth === number
        : nth.includes(number)

interface Trigger {
  readonly at: number
  readonly point: HttpPoint
}

// Returns the bytes after the records of a simulated TLS handshake (network/tls/handshake.ts), which are
// plain HTTP.
const behindHandshake = (bytes: Uint8Array): Uint8Array => {
  let rest = bytes
  while (rest.length > 5 && rest[0] === 22 && rest[1] === 3)
    rest = rest.subarray(5 + rest[3]! * 256 + rest[4]!)
  return rest
}

/** The state of this rule for one connection: its parsers, and the positions at which it must still act. */
class View {
  readonly triggers: Record<Side, Array<Trigger>> = { client: [], server: [] }
  private readonly seen: Record<Side, number> = { client: 0, server: 0 }
  private segment = 0
  private requests: Array<RequestHead> = []
  private up: Tracker<RequestHead> | undefined
  private down: Tracker<ResponseHead> | undefined

  constructor(
    private readonly match: HttpMatch,
    private readonly chosen: (
      request: RequestHead | undefined,
      response?: ResponseHead
    ) => HttpPoint | undefined
  ) {}

  feed({ bytes, from, offset }: Passing): void {
    // Withheld bytes are observed again when they are released, so skip the bytes that were already observed.
    const known = Math.max(0, this.seen[from] - offset)
    if (known >= bytes.length) return
    this.seen[from] = offset + bytes.length
    const unread = known === 0 ? bytes : bytes.subarray(known)
    const fresh = this.up === undefined ? behindHandshake(unread) : unread
    if (fresh.length === 0) return
    this.segment = offset + bytes.length - fresh.length
    if (from === "server") return this.down?.feed(this.segment, fresh)
    if (this.up === undefined && beginsRequest(fresh)) this.begin()
    this.up?.feed(this.segment, fresh)
    // After a parse error the message boundaries are unknown. Start again at the next bytes that can begin a
    // request.
    if (this.up?.lost === true) this.up = this.down = undefined
  }

  private begin(): void {
    this.requests = []
    let current: HttpPoint | undefined
    this.up = new Tracker<RequestHead>(
      (events, options) => new RequestParser(events, options),
      () => Body.Read,
      this.places(
        "client",
        (head) => {
          this.requests.push(head)
          return (current = this.match.request === undefined ? undefined : this.chosen(head))
        },
        () => current
      )
    )
    let answered: HttpPoint | undefined
    this.down = new Tracker<ResponseHead>(
      (events, options) => new ResponseParser(events, options),
      ({ status }) => {
        const method = this.requests[0]?.method
        if (method === "HEAD") return Body.Skip
        return method === "CONNECT" && status >= 200 && status < 300 ? Body.Stop : Body.Read
      },
      this.places(
        "server",
        (head) => {
          // After an informational response the request still waits for its final response (RFC 9110 §15.2),
          // so it stays first in the list.
          if (head.status < 200) return (answered = undefined)
          const request = this.requests.shift()
          return (answered = this.match.request === undefined ? this.chosen(request, head) : undefined)
        },
        () => answered
      )
    )
  }

  private places<H>(
    side: Side,
    choose: (head: H) => HttpPoint | undefined,
    current: () => HttpPoint | undefined
  ): Places<H> {
    const { afterBytes, afterChunk, at = "head" } = this.match
    const where = afterChunk !== undefined ? "chunk" : afterBytes !== undefined ? "bytes" : at
    const trigger = (position: number): void => {
      const point = current()
      if (point !== undefined) this.triggers[side].push({ at: position, point })
    }
    return {
      head: (head, start, end) => {
        choose(head)
        // Earlier segments of the head have already passed, so act at the start of the current segment or
        // later.
        if (where === "head") trigger(Math.max(start, this.segment))
        else if (where === "body" || (where === "bytes" && afterBytes === 0)) trigger(end)
      },
      data: (start, length, before) => {
        if (where !== "bytes" || afterBytes === undefined) return
        if (before < afterBytes && afterBytes <= before + length) trigger(start + afterBytes - before)
      },
      chunk: (number, end) => {
        if (where === "chunk" && number === afterChunk) trigger(end)
      },
      complete: (end) => {
        if (where === "end") trigger(end)
      }
    }
  }
}

const meets = (match: HttpMatch, request: RequestHead | undefined, response?: ResponseHead): boolean => {
  const { method, status, target } = match
  if (method !== undefined && request?.method !== method) return false
  const asked = request?.target ?? ""
  if (typeof target === "string" ? asked !== target : target !== undefined && !matches(target, asked))
    return false
  if (status === undefined) return true
  if (response === undefined) return false
  return typeof status === "number" ? response.status === status : status(response.status)
}

const placed = (verdict: Verdict, after: number, until: number): Verdict => {
  switch (verdict._tag) {
    case "Delay":
      return { ...verdict, after, size: until - after }
    case "Reset":
    case "Silence":
    case "Stall":
    case "Truncate":
      return { ...verdict, after }
    default:
      return verdict
  }
}

/** Creates the rule, and the observer that parses every segment for the rule. */
export const httpRule = (
  match: HttpMatch,
  verdictOf: (point: HttpPoint) => Verdict
): { readonly decide: Rule; readonly observe: (passing: Passing) => void } => {
  const matches = compile({ from: match.from, to: match.origin, connection: match.connection })
  const views = new WeakMap<Link, View>()
  const counts = new Map<string, number>()
  const viewOf = (link: Link): View => {
    const known = views.get(link)
    if (known !== undefined) return known
    const key = match.per === "connection" ? String(link.id) : originOf(link)
    const view = new View(match, (request, response) => {
      if (!meets(match, request, response)) return undefined
      const number = (counts.get(key) ?? 0) + 1
      counts.set(key, number)
      return isNth(match.request ?? match.response, number) ? { link, request, response, number } : undefined
    })
    views.set(link, view)
    return view
  }
  return {
    observe: (passing) => {
      if (passing.kind === "Segment" && matches(passing.link)) viewOf(passing.link).feed(passing)
    },
    decide: ({ from, kind, link, offset, size }) => {
      const triggers = kind === "Segment" ? views.get(link)?.triggers[from] : undefined
      // Another rule has decided about the segments with these positions, so the positions have already
      // passed. Drop them.
      while (triggers !== undefined && triggers.length > 0 && triggers[0]!.at < offset) triggers.shift()
      const first = triggers?.[0]
      if (first === undefined || first.at > offset + size) return { _tag: "Pass" }
      triggers!.shift()
      const next = triggers?.[0]?.at ?? Infinity
      return placed(verdictOf(first.point), first.at - offset, next - offset)
    }
  }
}
