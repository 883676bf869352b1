/** Conversations of an Effect server with a scripted client. */
import type { HttpMethod } from "@effect/platform/HttpMethod"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Exchange, Server, ServerTimeouts, Transport } from "@httpfx/core"
import { connected, type Peer } from "./peer.js"
import { exitText, failure, type Trace } from "./trace.js"
import { conversation, onTapped, type Conversation } from "./world.js"

export interface Serving {
  readonly options?: Server.ServerOptions
  readonly timeouts?: ServerTimeouts.Options
  /** The corresponding options and properties of a callback server. */
  readonly callback?: Readonly<Record<string, unknown>>
}

/** The operations on the server that a conversation can use. */
export interface Served {
  readonly shutdown: Effect.Effect<unknown, never, Scope.Scope>
  readonly closeAllConnections: Effect.Effect<void>
}

export type Talk = (peer: Peer, server: Served) => Effect.Effect<unknown, never, Scope.Scope>

/** Makes a conversation with a server of the Effect API or of the callback API. */
export type MakeServed = (name: string, talk: Talk, serving?: Serving) => Conversation

export const address = Transport.tcp("127.0.0.1", 80)
export const block = new Uint8Array(30_000)

const pieces = (trace: Trace, app: string) =>
  Stream.fromIterable(["one", "two", "three"]).pipe(
    Stream.tap(() => Effect.sleep(100)),
    Stream.encodeText,
    Stream.ensuring(Effect.sync(() => trace.say(`${app} stream is closed`)))
  )

/** The handlers by path. Each step of a handler is recorded as a line. */
const application = (trace: Trace): HttpApp.Default<unknown> => {
  let count = 0
  return Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const app = `app ${++count}`
    const say = (line: string) => Effect.sync(() => trace.say(`${app} ${line}`))
    yield* say(`${request.method} ${request.url}`)
    yield* Effect.addFinalizer((exit) => say(`scope closes: ${exitText(exit)}`))
    const told = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.onExit(effect, (exit) => (Exit.isFailure(exit) ? say(`ends: ${exitText(exit)}`) : Effect.void))
    const read = Effect.zipRight(
      Stream.runForEach(request.stream, (piece) => say(`body ${piece.length}`)),
      say("body is complete")
    )
    const echo = Effect.flatMap(Exchange.upgrade(), (socket) =>
      say("has the socket").pipe(
        Effect.zipRight(Stream.runForEach(socket.stream, (piece) => socket.write(piece))),
        Effect.zipRight(say("socket is at its end"))
      )
    )
    const text = Effect.succeed(HttpServerResponse.text("plain"))
    const ways: Record<
      string,
      Effect.Effect<HttpServerResponse.HttpServerResponse, unknown, HttpServerRequest.HttpServerRequest>
    > = {
      "/never": Effect.never,
      "/slow": Effect.uninterruptible(Effect.zipRight(Effect.sleep("1 second"), text)),
      "/stream": Effect.sync(() => HttpServerResponse.stream(pieces(trace, app))),
      "/endless": Effect.sync(() =>
        HttpServerResponse.stream(Stream.ensuring(Stream.repeatValue(block), say("stream is closed")))
      ),
      "/hold": Effect.uninterruptible(
        Effect.zipRight(
          Effect.catchAll(read, (error) => say(`cannot read: ${failure(error)}`)),
          text
        )
      ),
      "/flood": Effect.uninterruptible(
        Exchange.informational(103, { "x-long": "x".repeat(1_000) }).pipe(
          Effect.repeatN(400),
          Effect.catchAll((error) => say(`cannot write: ${failure(error)}`)),
          Effect.zipRight(say("has written all")),
          Effect.zipRight(text)
        )
      ),
      "/unread": text,
      "/defect": Effect.die(new Error("a defect")),
      "/cut": Effect.sync(() =>
        HttpServerResponse.stream(Stream.concat(Stream.make(block.subarray(0, 10)), Stream.fail("no more")))
      ),
      "/hints": Effect.zipRight(Exchange.earlyHints("</a.css>; rel=preload; as=style"), text),
      "/trailers": Effect.zipRight(Exchange.addTrailers({ "x-sum": "1" }), Effect.zipRight(read, text)),
      "/last": Effect.succeed(HttpServerResponse.text("last", { headers: { connection: "close" } })),
      "/upgrade": Effect.zipRight(echo, text)
    }
    const connect = request.method === ("CONNECT" as HttpMethod)
    return yield* told((connect ? ways["/upgrade"] : ways[request.url]) ?? Effect.zipRight(read, text))
  }) as HttpApp.Default<unknown>
}

/** Makes a conversation with an Effect server. The conversation ends when nothing more can happen. */
export const served: MakeServed = (name, talk, { options, timeouts } = {}) =>
  conversation(name, (trace) =>
    Effect.gen(function* () {
      const server = yield* Server.make({ port: 80, host: "127.0.0.1", ...options }).pipe(
        Effect.provideServiceEffect(ServerTimeouts.ServerTimeouts, ServerTimeouts.make(timeouts)),
        onTapped(trace)
      )
      yield* server.httpServer.serve(application(trace))
      yield* server.observe(trace.server)
      const peer = yield* connected(trace, address)
      yield* talk(peer, { ...server, shutdown: Effect.forkScoped(server.shutdown) })
      yield* Effect.sleep("1 hour")
      // If no connection is left, stop recording, so that closing the server adds no lines.
      if ((yield* server.connections) === 0) trace.stop()
    })
  )
