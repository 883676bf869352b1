/**
 * Helpers for cases of the server battery: an app on the server, and scripted clients.
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Network } from "@httpfx/core/Network"
import * as RawPeer from "../../RawPeer.js"

/**
 * A conformance case for a server.
 *
 * @since 0.1.0
 * @category models
 */
export interface Case {
  /** The guarantee that the case checks, in words. Use it as the name of the test. */
  readonly name: string
  /** Runs the case, which serves its own app. The server must be new. */
  readonly effect: Effect.Effect<void, unknown, HttpServer.HttpServer | Network>
}

export type App = HttpApp.Default<unknown, Scope.Scope>

/** Connects to the server in the context. */
export const connect = Effect.flatMap(HttpServer.HttpServer, ({ address }) =>
  RawPeer.connect(address, { name: "the client" })
)

export type Test = Effect.Effect<unknown, unknown, HttpServer.HttpServer | Network | Scope.Scope>

/**
 * Creates a case. The effect returns an app and its test, which can share state. The case serves the app and
 * runs the test.
 */
export const servedWith = (
  name: string,
  setup: Effect.Effect<{ readonly app: App; readonly test: Test }>
): Case => ({
  name,
  effect: Effect.asVoid(
    Effect.scoped(
      Effect.flatMap(setup, ({ app, test }) => Effect.zipRight(HttpServer.serveEffect(app), test))
    )
  )
})

/** Creates a case from an app and a test that share no state. */
export const served = (name: string, app: App, test: Test): Case =>
  servedWith(name, Effect.succeed({ app, test }))

/** Sends the text on a new connection, and returns all bytes received until the server's FIN. */
export const talk = (text: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const peer = yield* connect
      yield* peer.send(text)
      return yield* peer.rest
    })
  )

export const get = (target = "/", fields = "") => `GET ${target} HTTP/1.1\r\nHost: test\r\n${fields}\r\n`
export const last = (target = "/") => get(target, "Connection: close\r\n")
export const post = (body: string, fields = "", target = "/") =>
  `POST ${target} HTTP/1.1\r\nHost: test\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`

export const bytes = (text: string) => new TextEncoder().encode(text)

export const text = (body: string) => Effect.succeed(HttpServerResponse.text(body))

/** Creates an app that calls another app for each target. */
export const byUrl = (routes: Readonly<Record<string, App>>): App =>
  Effect.flatMap(
    HttpServerRequest.HttpServerRequest,
    ({ url }) => routes[url] ?? routes["*"] ?? Effect.succeed(HttpServerResponse.empty({ status: 404 }))
  )

/** Reads the whole request body, and then sends it back as the response. */
export const echo: App = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
  Effect.map(request.text, (body) => HttpServerResponse.text(body))
)

/** Sends the request body back as a stream, while the body still arrives. */
export const echoStream: App = Effect.map(HttpServerRequest.HttpServerRequest, (request) =>
  HttpServerResponse.stream(request.stream)
)

/** Returns the status codes of all response heads in a text. */
export const statuses = (all: string) =>
  Array.from(all.matchAll(/HTTP\/1\.1 (\d{3}) /g), (match) => Number(match[1]))
