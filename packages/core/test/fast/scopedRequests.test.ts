// `scopeSignal` finds the signal of a request of `HttpClient.withScope`. The fallback, platform's own `make`,
// also aborts such a request when its scope closes.
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import {
  clientOfPlatform,
  knowsScopes,
  scopedClient,
  scopeSignal,
  shareScope,
  type Sending
} from "../../src/internal/fast/scopedRequests.js"

/** Sends a request, and returns its abort signal. */
const sent = (client: (sending: Sending) => HttpClient.HttpClient, scope: Scope.Scope | undefined) => {
  const request = HttpClientRequest.get("http://test/")
  let signal: AbortSignal | undefined
  const take = (found: AbortSignal | undefined) => {
    signal = found
    return Effect.interrupt
  }
  const made = client({
    execute: (request) => take(scopeSignal(request)),
    send: (_request, _fiber, signal) => take(signal)
  })
  Effect.runSyncExit(
    scope === undefined
      ? made.execute(request)
      : Scope.extend(HttpClient.withScope(made).execute(request), scope)
  )
  return signal
}

describe.each<[how: string, client: (sending: Sending) => HttpClient.HttpClient]>([
  ["platform's key", scopedClient],
  ["platform's own client", clientOfPlatform]
])("By %s a request", (_, client) => {
  it("has a signal that aborts when its scope closes", () => {
    const scope = Effect.runSync(Scope.make())
    const signal = sent(client, scope)
    expect(signal?.aborted).toBe(false)
    Effect.runSync(Scope.close(scope, Exit.void))
    expect(signal?.aborted).toBe(true)
  })
})

describe("By platform's key", () => {
  it("a request without a scope has no signal", () => {
    expect([knowsScopes, sent(scopedClient, undefined)]).toEqual([true, undefined])
  })

  it("a copy ends with the original request", () => {
    const request = HttpClientRequest.get("http://test/")
    const copy = HttpClientRequest.setHeader(request, "a", "b")
    const client = HttpClient.withScope(
      scopedClient({
        execute: (request) => {
          shareScope(request, copy)
          return Effect.interrupt
        },
        send: () => Effect.interrupt
      })
    )
    Effect.runSyncExit(Effect.scoped(client.execute(request)))
    expect(scopeSignal(copy)?.aborted).toBe(true)
  })
})
