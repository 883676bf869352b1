/**
 * Runs a client's exchange with effects. The caller's fiber waits for the response, another fiber sends the
 * body, and losses (records that say why an exchange was lost) become typed errors.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Runtime from "effect/Runtime"
import type * as Stream from "effect/Stream"
import { Exchange } from "../../connection/client/exchange.js"
import type { Home, Request, UploadOwner } from "../../connection/client/ports.js"
import type { RequestLoss } from "../../model/loss.js"
import { unsafeMake, type Socket } from "../socket.js"
import type { Transport } from "../../seams/transport.js"
import type { Part, ResponseHead } from "../../wire/index.js"
import { lossError, thrown, type RequestError } from "./error.js"
import { IncomingResponse } from "./response.js"
import { Upload } from "./upload.js"

/** The content to send after the head. */
export type Payload =
  | { readonly _tag: "Parts"; readonly parts: ReadonlyArray<Part> }
  | {
      readonly _tag: "Stream"
      readonly stream: Stream.Stream<Uint8Array, unknown>
      readonly trailers: Effect.Effect<ReadonlyArray<string>, unknown> | undefined
      /** The runtime of the fiber that made the request. The stream runs with the context of this runtime. */
      readonly runtime: Runtime.Runtime<never>
    }

/** A request that is ready to send: validated and encoded, but not yet bound to a connection. */
export interface PreparedRequest extends Request {
  readonly _tag: "Prepared"
  readonly payload: Payload
  readonly onInformational: ((head: ResponseHead) => void) | undefined
  readonly joinDuplicateHeaders: boolean
}

/** Receives the result of a request. The exchange calls exactly one of these methods, once. */
export interface Receiver {
  answered(response: IncomingResponse): void
  /** Called when the server has switched protocols, and only for requests that ask for a switch. */
  switched?(response: IncomingResponse, socket: Socket): void
  failed(error: RequestError): void
  /** Called when the stream of the request's body has failed, or a defect has occurred. */
  failedCause(cause: Cause.Cause<unknown>): void
}

export class ClientExchange extends Exchange {
  declare readonly request: PreparedRequest
  declare response: IncomingResponse | undefined
  declare upload: Upload | undefined
  /** The connection after it was handed over. */
  private socket: Socket | undefined = undefined

  constructor(
    request: PreparedRequest,
    pool: Home,
    private readonly receiver: Receiver
  ) {
    super(request, pool)
  }

  send(transport: Transport, owner: UploadOwner): void {
    const { encoded, payload } = this.request
    if (payload._tag !== "Stream") return
    this.upload = new Upload(owner, transport, encoded.framing)
    this.upload.start(payload.stream, payload.trailers, payload.runtime)
  }

  informational(head: ResponseHead): void {
    try {
      this.request.onInformational?.(head)
    } catch (defect) {
      // Do not rethrow, because the exception would reach the socket's event handler and end the process.
      this.abort(Cause.die(defect), "Interrupted")
    }
  }

  protected respond(head: ResponseHead): IncomingResponse {
    return new IncomingResponse(head, this)
  }

  protected answered(): void {
    this.receiver.answered(this.response as IncomingResponse)
  }

  protected handed(transport: Transport, rest: Uint8Array): void {
    this.socket = unsafeMake(transport, rest)
  }

  protected handedOver(): void {
    this.receiver.switched?.(this.response as IncomingResponse, this.socket as Socket)
  }

  protected failed(loss: RequestLoss): void {
    if (loss._tag === "Thrown") this.receiver.failedCause(thrown(loss))
    else this.receiver.failed(lossError(loss))
  }

  protected errorOf(loss: RequestLoss): unknown {
    return loss._tag === "Thrown" ? Cause.squash(thrown(loss)) : lossError(loss)
  }

  /**
   * Aborts an incomplete exchange when the scope of the response closes. Completes once no work of the
   * exchange remains.
   */
  release(why: string): Effect.Effect<void> {
    if (this.over) return Effect.void
    this.abandon(why)
    return this.upload === undefined ? Effect.void : this.upload.stopped
  }

  /** Aborts the exchange when the request is interrupted. Completes once no work of the exchange remains. */
  cancel(): Effect.Effect<void> {
    if (this.over) return this.socket === undefined ? Effect.void : this.socket.reset
    if (this.response !== undefined) return this.release("its request was interrupted")
    const { attempt } = this
    this.drop()
    if (attempt !== undefined) {
      return Effect.withFiberRuntime((fiber) =>
        // The fiber id marks the wait as a wait for a fiber. Without the id, a virtual clock treats the wait
        // as pending I/O.
        Effect.async<void>((resume) => attempt.whenOver(() => resume(Effect.void)), fiber.id())
      )
    }
    return this.upload === undefined ? Effect.void : this.upload.stopped
  }
}
