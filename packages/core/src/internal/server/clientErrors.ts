/**
 * Runs the user's `onClientError` handler. The handler returns a response, takes over the connection, or lets
 * the server send the default response.
 *
 * The handler runs without an exchange, because the request was malformed. The connection interrupts the
 * handler when the client leaves or a limit expires.
 */
import type { HttpServerResponse } from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import type { ServerClientError, Handler } from "./clientErrorApi.js"
import * as HttpError from "../../errors/index.js"
import * as Socket from "../socket.js"
import type { Rejecting } from "../../connection/server/ports.js"
import { BodyWriter, encodeResponseHead, type Framing, type Part, type Violation } from "../../wire/index.js"
import { fromHttpBody } from "../body.js"
import { drained, Pump } from "../pump.js"
import { fieldsOf } from "./answer.js"

/** A connection whose request is refused, while the user's handler decides about the response. */
interface Refusing extends Rejecting {
  date(): string | undefined
}

const send = (self: Refusing, response: HttpServerResponse): Effect.Effect<void, unknown> =>
  Effect.suspend((): Effect.Effect<void, unknown> => {
    const body = fromHttpBody(response.body)
    if (body._tag === "Unsupported") {
      return Effect.fail(new HttpError.UnsupportedBody({ reason: body.reason }))
    }
    const known = body._tag === "Bytes" ? body.bytes.length : body._tag === "None" ? 0 : body.length
    const head = encodeResponseHead({
      versionMinor: 1,
      method: "GET",
      status: response.status,
      statusMessage: response.statusText,
      headers: fieldsOf(response, body._tag === "None" ? undefined : body.contentType),
      body: known ?? "unknown",
      keepAlive: false,
      date: self.date()
    })
    if (head._tag === "Violation") return Effect.fail(HttpError.fromViolation(head))
    const sending = new Sending(self, head.framing)
    self.write(head.head)
    if (head.framing._tag === "None") return Effect.sync(() => self.over())
    const written: Effect.Effect<void, unknown> =
      body._tag === "Stream"
        ? sending.run(body.stream)
        : Effect.suspend(() => refused(body._tag === "Bytes" ? sending.put(body.bytes) : undefined))
    const end = Effect.suspend(() => refused(sending.end()))
    const over = Effect.sync(() => self.over())
    // After a failure, close the connection without ending the body, so that the client detects the
    // truncation.
    return Effect.catchAllCause(Effect.zipRight(Effect.zipRight(written, end), over), (cause) =>
      Effect.zipRight(Effect.logError("the response of onClientError failed", cause), over)
    )
  })

const refused = (violation: Violation | undefined) =>
  violation === undefined ? Effect.void : Effect.fail(HttpError.fromViolation(violation))

class Sending extends Pump<never> {
  private readonly writer: BodyWriter
  protected override readonly halted = undefined

  constructor(
    private readonly self: Refusing,
    framing: Framing
  ) {
    super(self.transport)
    this.writer = new BodyWriter(framing)
  }

  private readonly sink = (part: Part): void => {
    this.flowing = this.self.write(part)
  }

  protected override get drained(): Effect.Effect<void> {
    return drained(this.self)
  }

  override put(piece: Uint8Array): Violation | undefined {
    return this.writer.write(piece, this.sink)
  }

  end(): Violation | undefined {
    return this.writer.end(undefined, this.sink)
  }
}

const broken = new HttpError.BrokenPipe({ reason: "the connection is no longer writable", phase: "idle" })

/** Runs the handler for an error to which no response is possible. */
export const report = (
  handler: Handler,
  facts: Omit<ServerClientError, "socket" | "writable">
): Effect.Effect<void> =>
  Effect.catchAllCause(
    Effect.suspend(() => handler({ ...facts, writable: false, socket: Effect.fail(broken) })),
    (cause) => Effect.logError("onClientError failed", cause)
  ).pipe(Effect.asVoid)

/** Runs the handler for an error to which a response is possible, and sends the response. */
export const ask = (
  self: Refusing,
  handler: Handler,
  facts: Omit<ServerClientError, "socket" | "writable">
): Effect.Effect<void> =>
  Effect.scopedWith((scope) => {
    let taken = false
    const socket = Effect.suspend(() => {
      const transport = self.giveAway()
      if (transport === undefined) return Effect.fail(broken)
      taken = true
      return Scope.extend(Socket.make(transport), scope)
    })
    return Effect.suspend(() => handler({ ...facts, writable: true, socket })).pipe(
      Effect.flatMap((response) => {
        if (taken) return Effect.sync(() => self.over())
        return response === undefined ? Effect.sync(() => self.answerByDefault()) : send(self, response)
      }),
      Effect.catchAllCause((cause) =>
        Effect.zipRight(
          Effect.logError("onClientError failed", cause),
          Effect.sync(() => (taken ? self.over() : self.answerByDefault()))
        )
      )
    )
  })
