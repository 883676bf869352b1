/** Runs an app on a server, for tests of the bytes that the server sends and receives. */
import type * as HttpApp from "@effect/platform/HttpApp"
import type * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpServer from "@effect/platform/HttpServer"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { type Network, Server } from "@httpfx/core"
import { RawPeer } from "@httpfx/testing"

/** Serves `app` while `test` runs, and waits until the server has closed. */
export const servedOn =
  (network: Layer.Layer<Network.Network>) =>
  <A, E, R>(
    app: HttpApp.Default<unknown, Scope.Scope>,
    test: Effect.Effect<A, E, R>,
    options: Server.ServerOptions = {},
    middleware?: HttpMiddleware.HttpMiddleware
  ): Effect.Effect<A, E> => {
    const serving = (
      middleware === undefined ? HttpServer.serve(app) : HttpServer.serve(app, middleware as never)
    ) as Layer.Layer<never, never, HttpServer.HttpServer>
    const server = Server.layer({ port: 0, host: "127.0.0.1", ...options })
    return Effect.provide(
      Effect.scoped(test),
      Layer.provideMerge(serving, server).pipe(Layer.provideMerge(network))
    ) as Effect.Effect<A, E>
  }

/** A request without a body. */
export const get = (target = "/", extra = ""): string =>
  `GET ${target} HTTP/1.1\r\nHost: test\r\n${extra}\r\n`

/** A request with `Connection: close`. */
export const last = (target = "/"): string => get(target, "Connection: close\r\n")

/** A request with a body of known length. */
export const post = (target: string, body: string, extra = ""): string =>
  `POST ${target} HTTP/1.1\r\nHost: test\r\nContent-Length: ${body.length}\r\n${extra}\r\n${body}`

/** A scripted client of the server in the context. */
export const connect = Effect.flatMap(HttpServer.HttpServer, ({ address }) => RawPeer.connect(address))

/** Sends a text, and returns everything received until the connection ends. */
export const talk = (text: string) =>
  Effect.scoped(Effect.flatMap(connect, (peer) => Effect.zipRight(peer.send(text), peer.rest)))
