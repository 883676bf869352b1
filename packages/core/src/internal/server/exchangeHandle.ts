/**
 * Implements the public `Exchange` over an exchange of the server. The handle is created when a handler first
 * uses it.
 *
 * Holds only views of the exchange. The automaton decides when a message may be sent, and `wire/` encodes the
 * message.
 */
import * as Effect from "effect/Effect"
import type { ClientFacts, Connection, Exchange, Fields, TrailerError } from "./exchangeApi.js"
import * as HttpError from "../../errors/index.js"
import * as Socket from "../socket.js"
import { overrides } from "../options/serverTimeouts.js"
import {
  checkTrailerName,
  checkTrailers,
  continueHead,
  encodeEarlyHints,
  encodeInformational,
  FieldViews,
  headersSent,
  processingHead,
  trailersNotChunked,
  writeAfterEnd,
  type DistinctFields,
  type FoldedFields,
  type Violation
} from "../../wire/index.js"
import { drained } from "../pump.js"
import { ResponseTrailers } from "./responseTrailers.js"
import type { BodyError, ServerExchange } from "./exchange.js"
import { restOfBody, takeOver } from "./upgrade.js"

/** Flattens fields for the encoders of `wire/`: name, value, name, value, ... */
export const flatFields = (fields: Fields | undefined): Array<string> => {
  const flat: Array<string> = []
  if (fields === undefined) return flat
  if (Symbol.iterator in fields) {
    for (const [name, value] of fields as Iterable<readonly [string, string]>) flat.push(name, value)
    return flat
  }
  for (const name of Object.keys(fields)) {
    const value = fields[name]!
    if (typeof value === "string") flat.push(name, value)
    else for (const each of value) flat.push(name, each)
  }
  return flat
}

const violated = (violation: Violation): Effect.Effect<never, TrailerError> =>
  Effect.fail(HttpError.fromViolation(violation) as TrailerError)

export class ExchangeHandle implements Exchange {
  private views: FieldViews | undefined

  constructor(private readonly self: ServerExchange) {}

  get method(): string {
    return this.self.head.method
  }
  get target(): string {
    return this.self.head.target
  }
  get httpVersion(): string {
    return `${this.self.head.versionMajor}.${this.self.head.versionMinor}`
  }
  get rawHeaders(): ReadonlyArray<string> {
    return this.self.head.rawHeaders
  }
  get headers(): FoldedFields {
    return this.fields.folded
  }
  get headersDistinct(): DistinctFields {
    return this.fields.distinct
  }

  get connection(): Connection {
    return this.self.ends
  }

  get client(): ClientFacts {
    return this.self.client
  }

  get expectation(): string | undefined {
    const { head } = this.self
    if (head.versionMinor === 0 || head.get("expect") === undefined) return undefined
    return this.headersDistinct["expect"]?.join(", ")
  }

  get acceptsTrailers(): boolean {
    return this.self.head.elements("te").some((coding) => coding.toLowerCase() === "trailers")
  }

  get trailers(): Effect.Effect<FieldViews, BodyError> {
    return Effect.map(restOfBody(this.self), () => new FieldViews(this.self.body?.rawTrailers ?? []))
  }

  get continue(): Effect.Effect<void, HttpError.HeadersSent> {
    return Effect.suspend(() => (this.self.continued ? Effect.void : this.send(100, continueHead)))
  }

  get processing(): Effect.Effect<void, HttpError.HeadersSent> {
    return this.send(102, processingHead)
  }

  get vary(): Exchange["vary"] {
    return (...names) =>
      Effect.sync(() => {
        const { varies = [] } = this.self
        if (names.length > 0) this.self.varies = [...varies, ...names]
      })
  }

  // Getters return closures, so that the members can be destructured. Reading a member creates its closure.
  get earlyHints(): Exchange["earlyHints"] {
    return (links, headers) => this.encoded(103, () => encodeEarlyHints(links, flatFields(headers)))
  }

  get informational(): Exchange["informational"] {
    return (status, headers) => this.encoded(status, () => encodeInformational(status, flatFields(headers)))
  }

  get announceTrailers(): Exchange["announceTrailers"] {
    return (...names) =>
      Effect.suspend(() => {
        const { self } = this
        if (self.aborted) return Effect.void
        if (self.status !== undefined) return violated(headersSent("set"))
        for (const name of names) {
          const violation = checkTrailerName(name)
          if (violation !== undefined) return violated(violation)
        }
        const trailers = (self.trailers ??= new ResponseTrailers())
        for (const name of names) trailers.announce(name)
        return Effect.void
      })
  }

  get addTrailers(): Exchange["addTrailers"] {
    return (fields) =>
      Effect.suspend(() => {
        const { self } = this
        const flat = flatFields(fields)
        if (self.aborted || flat.length === 0) return Effect.void
        if (self.responseComplete) return violated(writeAfterEnd)
        const violation = checkTrailers(flat) ?? this.trailersMisplaced
        if (violation !== undefined) return violated(violation)
        ;(self.trailers ??= new ResponseTrailers()).add(flat)
        return Effect.void
      })
  }

  // Returns a violation if the response has a body that is not chunked, because trailers need chunks. In
  // HTTP/1.0 responses and in responses without a body, trailers are silently omitted.
  private get trailersMisplaced(): Violation | undefined {
    const { framing, head } = this.self
    const fits = framing === undefined || framing._tag === "Chunked" || framing._tag === "None"
    return fits || head.versionMinor === 0 ? undefined : trailersNotChunked
  }

  get upgradeProtocols(): ReadonlyArray<string> {
    const { head } = this.self
    if (head.method === "CONNECT" || !this.self.asksForSwitch) return []
    return head.elements("upgrade")
  }

  get upgrade(): Exchange["upgrade"] {
    return (options = {}) =>
      Effect.suspend(() => {
        const headers = flatFields(options.headers)
        if (options.protocol !== undefined) headers.push("Upgrade", options.protocol)
        const { status, statusMessage } = options
        return takeOver(this.self, { status, statusMessage, headers }, ({ initial, transport }) =>
          Socket.make(transport, initial)
        )
      })
  }

  get setTimeouts(): Exchange["setTimeouts"] {
    return (options) =>
      Effect.suspend(() => {
        const { connection, deadlines, serving } = this.self
        const now = deadlines ?? serving.server.settings.timeouts
        return Effect.map(overrides(options, now), (policy) => connection.setDeadlines(this.self, policy))
      })
  }

  private get fields(): FieldViews {
    return (this.views ??= new FieldViews(this.self.head.rawHeaders))
  }

  private encoded<E>(status: number, encode: () => string | Violation): Effect.Effect<void, E> {
    return Effect.suspend(() => {
      const head = encode()
      if (typeof head !== "string") return Effect.fail(HttpError.fromViolation(head) as E)
      return head === "" ? Effect.void : this.send<E>(status, head)
    })
  }

  private send<E>(status: number, head: string): Effect.Effect<void, E> {
    return Effect.suspend(() => {
      const { connection, head: request } = this.self
      if (request.versionMinor === 0) return Effect.void
      const refused = connection.inform(this.self, status, head)
      if (refused !== undefined) return Effect.fail(HttpError.fromViolation(refused) as E)
      return connection.backedUp ? drained(connection) : Effect.void
    })
  }
}
