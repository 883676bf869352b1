/**
 * A request that is sent again because its reused connection died, and then finds nobody: the server may have acted on
 * it the first time, so the caller must not be told that nothing of it was sent.
 */
import { HttpServer, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Client from "@httpfx/core/Client"
import * as Server from "@httpfx/core/Server"
import { Fault, MemoryNetwork, Verdict } from "@httpfx/testing"

const failures = [
  ["the name is not found any more", Fault.dnsFailure()],
  ["nobody listens any more", Fault.refuse()]
] as const

describe("a request that is sent again in vain", () => {
  for (const [what, fault] of failures) {
    it.scoped(`${what}: fails as its first connection did`, () => {
      let runs = 0
      const app = Effect.map(HttpServerRequest.HttpServerRequest, () => {
        runs++
        return HttpServerResponse.text("done")
      })
      return Effect.gen(function* () {
        const send = Effect.flatMap(
          Client.request({ method: "PUT", url: "http://api.internal/", body: "x" }),
          (response) => response.text
        )
        yield* send
        // The second answer is lost with its connection.
        yield* MemoryNetwork.rule(({ from, kind }) =>
          from === "server" && kind === "Segment" ? Verdict.Reset() : Verdict.Pass()
        )
        yield* fault
        const error = yield* Effect.flip(send)
        assert.strictEqual(runs, 2)
        assert.deepInclude(error, { _tag: "ConnectionReset", phase: "head", written: "all", reused: true })
      }).pipe(
        Effect.provide(
          Client.layer.pipe(
            Layer.merge(
              Layer.provide(HttpServer.serve(app), Server.layer({ host: "api.internal", port: 80 }))
            ),
            Layer.provideMerge(MemoryNetwork.layer())
          )
        )
      )
    })
  }
})
