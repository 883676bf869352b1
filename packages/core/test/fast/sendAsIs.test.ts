// `sendAsIs` sends a request without running the client's transformations. The fallback runs them, and then
// replaces their result by the request.
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import { expect, it } from "vitest"
import { sendAsIs, sendReplacing } from "../../src/internal/fast/sendAsIs.js"

const run = async (send: typeof sendAsIs) => {
  const seen: Array<unknown> = []
  const client = HttpClient.make((request) => {
    seen.push(request)
    return Effect.succeed(HttpClientResponse.fromWeb(request, new Response()))
  }).pipe(
    HttpClient.mapRequest(HttpClientRequest.setHeader("x-added", "1")),
    HttpClient.mapRequestEffect((request) => Effect.sync(() => (seen.push("transformed"), request))),
    HttpClient.tap(() => Effect.sync(() => seen.push("answered")))
  )
  const request = HttpClientRequest.get("http://a.test/")
  await Effect.runPromise(send(client.pipe(HttpClient.withTracerPropagation(false)), request))
  return seen.map((each) => (each === request ? "request" : each))
}

it("by platform's member", async () => {
  expect(await run(sendAsIs)).toEqual(["request", "answered"])
})

it("by replacing the request", async () => {
  expect(await run(sendReplacing)).toEqual(["transformed", "request", "answered"])
})
