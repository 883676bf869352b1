/** Runs a test with a client, and creates responses for the scripted server. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as Scope from "effect/Scope"
import { Client, type Network } from "@httpfx/core"

/** Runs a test with a client. The client's scope closes at the end of the test. */
export const withClient =
  (network: Layer.Layer<Network.Network>, options: Client.Options = {}) =>
  <A, E>(
    test: Effect.Effect<A, E, Client.Client | HttpClient.HttpClient | Network.Network | Scope.Scope>
  ): Effect.Effect<A, E> =>
    Effect.provide(Effect.scoped(test), Layer.provideMerge(Layer.orDie(Client.layerWith(options)), network))

/** A 200 response with `Content-Length`. */
export const ok = (body: string, fields = ""): string =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`
