/**
 * A `fetch` over a client, for libraries that take one: with the client's agent, timeouts and features, on
 * any network, by Effect's clock.
 *
 * Supports what docs/client-features.md lists, and refuses the rest by name. It never replaces the global
 * `fetch`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Client from "./Client.js"
import { makeFetch } from "./content/fetch.js"

/**
 * Options of a `fetch`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How redirects are followed, unless `init.redirect` is `error` or `manual`. */
  readonly redirects?: Client.RedirectOptions | undefined
}

/**
 * Creates a `fetch` over the `Client` in the context. It can be used until the client's scope closes.
 * Requests see the services and references of the fiber that made it.
 *
 * The promise is rejected with a `TypeError` whose `cause` is the client's error, or with the reason of the
 * signal. If the connection is lost within a body, reading it fails in the same way.
 *
 * @example
 * import { Client, FetchClient } from "@httpfx/core"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const fetch = yield* FetchClient.make()
 *   return yield* Effect.promise(async () => (await fetch("http://api.test/items")).json())
 * }).pipe(Effect.provide(Client.layer))
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<typeof globalThis.fetch, never, Client.Client> =>
  Effect.flatMap(Client.Client, (client) =>
    Effect.map(Effect.runtime<never>(), (runtime) => makeFetch(client, runtime, options.redirects ?? {}))
  )
