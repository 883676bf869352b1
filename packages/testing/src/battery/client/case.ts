/**
 * Helpers for cases of the client battery: a scripted server, and requests of the client.
 */
import type { HttpBody } from "@effect/platform"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { HttpMethod } from "@effect/platform/HttpMethod"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type { Network } from "@httpfx/core/Network"
import * as RawPeer from "../../RawPeer.js"

/**
 * A conformance case for a client.
 *
 * @since 0.1.0
 * @category models
 */
export interface Case {
  /** The guarantee that the case checks, in words. Use it as the name of the test. */
  readonly name: string
  /** Runs the case. At its start, the client must not have open connections. */
  readonly effect: Effect.Effect<void, unknown, HttpClient.HttpClient | Network>
}

export type Test = Effect.Effect<unknown, unknown, HttpClient.HttpClient | Network | Scope.Scope>

export const scripted = (name: string, test: Test): Case => ({
  name,
  effect: Effect.asVoid(Effect.scoped(test))
})

export const listen = RawPeer.listen({ port: 0, host: "127.0.0.1", name: "the server" })

export interface RequestOptions {
  readonly method?: HttpMethod
  readonly headers?: Record<string, string>
  readonly body?: HttpBody.HttpBody
}

/** Sends a request and reads the whole response. */
export const fetched = (url: string, { body, headers, method = "GET" }: RequestOptions = {}) =>
  Effect.gen(function* () {
    const request = HttpClientRequest.make(method)(url, {
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body })
    } as HttpClientRequest.Options.NoUrl)
    const response = yield* (yield* HttpClient.HttpClient).execute(request)
    const text = yield* response.text
    return { status: response.status, headers: response.headers, cookies: response.cookies, text }
  })

/**
 * Starts a request. Returns the scripted server, the server's end of the connection, and the fiber that waits
 * for the whole response.
 */
export const started = (options: RequestOptions = {}) =>
  Effect.gen(function* () {
    const server = yield* listen
    const fiber = yield* Effect.fork(fetched(`${server.url}/path?a=b`, options))
    yield* Effect.addFinalizer(() => Fiber.interruptFork(fiber))
    return { server, fiber, peer: yield* server.accept }
  })

/** Builds a 200 response with `Content-Length`. */
export const ok = (body: string, fields = "") =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`

export const bytes = (text: string) => new TextEncoder().encode(text)
