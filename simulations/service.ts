/**
 * A service. It replies to requests, and calls the next service if the request says so.
 *
 * A service checks the bodies that it reads, and reports its handlers to the ledger. If the call of the next
 * service fails, it replies 502 with the name of the failure. It never retries.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Client from "@httpfx/core/Client"
import { askOf, between, fieldsOf, isTooLarge, pathOf, type Ask, type Draw } from "./ask.js"
import { bodyOf, isBody, type Body } from "./bodies.js"
import { isNetworkFailure, isUploadFailed, nameOf, type Call, type Ledger } from "./ledger.js"

type Request = HttpServerRequest.HttpServerRequest
type Response = HttpServerResponse.HttpServerResponse
type Bytes<E> = Stream.Stream<Uint8Array, E>

/** The name and the client with which a service calls the next service. */
export interface Next {
  readonly name: string
  readonly client: Client.Service
}

/** Returns the pieces of a body as a stream, with pauses if `slow` is `true`. */
export const streamed = (draw: Draw, bytes: Uint8Array, slow: boolean): Bytes<never> => {
  const size = Math.max(1, Math.ceil(bytes.length / between(draw, 2, 6)))
  const pieces: Array<Uint8Array> = []
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size))
  if (!slow) return Stream.fromChunk(Chunk.unsafeFromArray(pieces))
  return Stream.suspend(() => {
    let next = 0
    const piece = Effect.suspend(() => {
      const piece = pieces[next++]
      return piece === undefined
        ? Effect.fail(Option.none())
        : Effect.as(Effect.sleep(between(draw, 20, 900)), Chunk.of(piece))
    })
    return Stream.repeatEffectChunkOption(piece)
  })
}

/** Returns the id of the client's request from which a request comes. */
export const baseOf = (id: string): string => id.split(">", 1)[0]!

/**
 * The bodies of requests and responses depend only on the client's request, whichever service forwards them.
 */
export const upBody = (id: string, { up }: Ask): Body => bodyOf(`${baseOf(id)}^`, up.size)
export const downBody = (id: string, { down }: Ask): Body => bodyOf(`${baseOf(id)}v`, down.size)

export class Service {
  constructor(
    readonly name: string,
    private readonly next: Next | undefined,
    private readonly ledger: Ledger,
    private readonly draw: Draw,
    /** An effect that runs in each handler. Default: no effect. */
    private readonly intrude: Effect.Effect<void>
  ) {}

  readonly app = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
    const id = request.headers["x-id"] ?? "nobody"
    const run = this.ledger.ran(id)
    return Effect.onExit(Effect.zipRight(this.intrude, this.handle(request, id, run)), (exit) =>
      Effect.sync(() => {
        if (Exit.isFailure(exit) && Cause.isDie(exit.cause))
          this.ledger.broken(`the handler of ${id} died: ${Cause.pretty(exit.cause)}`)
      })
    )
  })

  private handle(request: Request, id: string, run: number): Effect.Effect<Response, never, Scope.Scope> {
    const ask = askOf(request.method, request.url)
    const handsOn = ask.hops > 0 && ask.up.flow === "through" && ask.read && ask.up.size > 0
    const received = ask.read && !handsOn ? this.receive(request, id, ask) : Effect.void
    const answer =
      ask.hops > 0 && this.next !== undefined
        ? this.forward(this.next, request, id, run, ask, handsOn)
        : Effect.as(ask.delay > 0 ? Effect.sleep(ask.delay) : Effect.void, this.answer(id, ask, undefined))
    // No client receives this 400, because the client has disconnected or its body was cut.
    return Effect.zipRight(received, answer).pipe(
      Effect.catchAll((error) =>
        Effect.succeed(
          HttpServerResponse.empty({ status: isOverLimit(error) ? 413 : 400, headers: { "x-id": id } })
        )
      ),
      Effect.tap(({ headers }) => {
        if (headers["connection"] === "close") this.ledger.closes(id)
      })
    )
  }

  private receive(request: Request, id: string, ask: Ask): Effect.Effect<void, unknown> {
    const most = isTooLarge(ask) ? Option.some(FileSystem.Size(ask.up.size >> 1)) : Option.none()
    return Effect.map(HttpServerRequest.withMaxBodySize(request.arrayBuffer, most), (buffer) => {
      const got = new Uint8Array(buffer)
      const want = upBody(id, ask)
      if (!isBody(got, want))
        this.ledger.broken(`${this.name} read ${got.length} bytes of ${id}, not its ${want.bytes.length}`)
    })
  }

  private answer(id: string, ask: Ask, body: Bytes<unknown> | undefined): Response {
    const { bytes, hash } = downBody(id, ask)
    const headers = { "x-id": id, "x-hash": hash, ...(ask.closes === "server" && { connection: "close" }) }
    if (body !== undefined) return HttpServerResponse.stream(body, { headers })
    if (ask.down.size === 0)
      return HttpServerResponse.empty({ status: ask.method === "DELETE" ? 204 : 200, headers })
    if (ask.down.flow === "stream" || ask.down.flow === "slow")
      return HttpServerResponse.stream(streamed(this.draw, bytes, ask.down.flow === "slow"), { headers })
    return HttpServerResponse.uint8Array(bytes, { headers })
  }

  private forward(
    next: Next,
    request: Request,
    id: string,
    run: number,
    ask: Ask,
    handsOn: boolean
  ): Effect.Effect<Response, never, Scope.Scope> {
    const { ledger } = this
    const begin = Effect.acquireRelease(
      Effect.sync(() => ledger.begin(`${id}>${next.name}#${run}`, ask.method, next.name)),
      // The scope closes when the response was sent or aborted.
      (call) => Effect.sync(() => ledger.givenUp(call))
    )
    return Effect.flatMap(begin, (call) => this.hand(call, next, request, id, ask, handsOn))
  }

  private hand(
    call: Call,
    next: Next,
    request: Request,
    id: string,
    ask: Ask,
    handsOn: boolean
  ): Effect.Effect<Response, never, Scope.Scope> {
    const { ledger } = this
    if (ask.closes === "client") ledger.closes(call.id)
    const body = handsOn ? request.stream : requestBody(this.draw, call.id, ask)
    const refuse = (why: string) =>
      HttpServerResponse.empty({ status: 502, headers: { "x-id": id, "x-failure": why } })
    const failed = (error: unknown) => {
      // A forwarded body has failed, which counts as a failure of the incoming request.
      if (HttpServerError.isServerError(error) || isUploadFailed(error)) ledger.givenUp(call)
      else ledger.failed(call, error)
      return refuse(isNetworkFailure(error) ? nameOf(error) : "upload")
    }
    const asked = next.client.requestScoped({
      method: ask.method,
      url: { host: next.name, path: pathOf({ ...ask, hops: ask.hops - 1 }) },
      headers: { "x-id": call.id, ...fieldsOf(ask) },
      ...(body !== undefined && { body })
    })
    const received = Effect.flatMap(asked, (response): Effect.Effect<Response, unknown> => {
      ledger.head(call, response.status, response.header("x-id"))
      const answered = Effect.sync(() => ledger.answered(call, response.status, response.resent))
      if (response.status < 400 && ask.down.flow === "through" && ask.down.size > 0) {
        const handed = Stream.tapError(response.body, (error) => Effect.sync(() => failed(error)))
        return Effect.succeed(this.answer(id, ask, Stream.concat(handed, Stream.execute(answered))))
      }
      return Effect.map(Effect.zipLeft(response.bytes, answered), (bytes) => {
        if (response.status >= 400) return refuse("further on")
        if (ask.method !== "HEAD") check(ledger, call.id, bytes, response.header("x-hash"), downBody(id, ask))
        return this.answer(id, ask, undefined)
      })
    })
    return Effect.catchAll(received, (error) => Effect.sync(() => failed(error)))
  }
}

const isOverLimit = (error: unknown): boolean =>
  HttpServerError.isServerError(error) &&
  "cause" in error &&
  (error.cause as { readonly _tag?: string } | undefined)?._tag === "BodyTooLarge"

/** Returns a request body in the form that was drawn for the client. */
export const requestBody = (draw: Draw, id: string, ask: Ask): Uint8Array | Bytes<never> | undefined => {
  const { flow, size } = ask.up
  if (size === 0) return undefined
  const { bytes } = upBody(id, ask)
  return flow === "bytes" ? bytes : streamed(draw, bytes, flow === "slow")
}

/** Checks that a response body is complete and belongs to its request. */
export const check = (
  ledger: Ledger,
  id: string,
  got: Uint8Array,
  told: string | undefined,
  want: Body
): void => {
  if (told === want.hash && isBody(got, want)) return
  ledger.broken(
    `${id} got ${got.length} bytes told to be ${told}, wanted ${want.bytes.length} of ${want.hash}`
  )
}
