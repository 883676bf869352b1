/**
 * Cases of the client battery about malformed responses, lost connections and interrupted requests. A request
 * that cannot complete must fail with a typed error of platform. It must neither return a truncated body, nor
 * die with a defect, nor hang.
 */
import * as HttpBody from "@effect/platform/HttpBody"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type { Case } from "./case.js"
import { equal, isTrue } from "../expect.js"
import { fetched, listen, ok, scripted, started } from "./case.js"
import { request } from "../../peer/rawHttp.js"
import { turn } from "../../time/turns.js"

/** Asserts that the request failed with a typed error of platform. */
const refused = (outcome: unknown, what: string) => {
  const tag = (outcome as { readonly _tag?: unknown } | undefined)?._tag
  isTrue(
    tag === "RequestError" || tag === "ResponseError",
    `${what}: ${String(tag)} is not an HttpClientError`
  )
}

const head = "HTTP/1.1 200 OK\r\n"

const broken: ReadonlyArray<readonly [string, string]> = [
  ["bytes that are not HTTP", "SSH-2.0-OpenSSH\r\n\r\n"],
  ["a truncated head", `${head}Content-`],
  ["a connection that closes without a response", ""],
  ["a body shorter than its length (RFC 9112 §8)", `${head}Content-Length: 10\r\n\r\nshort`],
  ["chunks without the last one (RFC 9112 §8)", `${head}Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n`],
  ["a chunk size that is not a number", `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\none\r\n0\r\n\r\n`],
  ["a chunk longer than its size", `${head}Transfer-Encoding: chunked\r\n\r\n2\r\none\r\n0\r\n\r\n`],
  ["lengths that differ (RFC 9112 §6.3)", `${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`],
  ["a length beside chunks", `${head}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ["a folded field (RFC 9112 §5.2)", `${head}A: b\r\n c\r\nContent-Length: 0\r\n\r\n`],
  ["a head of 1 MB", `${head}A: ${"x".repeat(1_000_000)}\r\n\r\n`]
]

export const failures: ReadonlyArray<Case> = [
  scripted(
    "fails if the connection is refused",
    Effect.gen(function* () {
      const { url } = yield* Effect.scoped(listen)
      refused(yield* Effect.flip(fetched(url)), "a port that is closed")
    })
  ),
  ...broken.map(([name, response]) =>
    scripted(
      `fails on ${name}`,
      Effect.gen(function* () {
        const { fiber, peer } = yield* started({ method: "POST" })
        yield* request(peer)
        // Write to the transport directly, because `send` fails if the client closes before all bytes are
        // sent.
        peer.transport.write(response)
        yield* peer.end
        refused(yield* Effect.flip(Fiber.join(fiber)), "the response")
      })
    )
  ),
  ...(["before", "within", "after"] as const).map((moment) =>
    scripted(
      `fails on a reset ${moment} the head of the response`,
      Effect.gen(function* () {
        const { fiber, peer } = yield* started({ method: "POST" })
        yield* request(peer)
        if (moment !== "before")
          yield* peer.send(moment === "within" ? "HTTP/1.1 2" : `${head}Content-Length: 9\r\n\r\nab`)
        yield* peer.reset
        refused(yield* Effect.flip(Fiber.join(fiber)), "the response")
      })
    )
  ),
  scripted(
    "fails on a reset in mid-upload, and stops pulling the body",
    Effect.gen(function* () {
      let finalized = false
      const body = Stream.repeatEffect(Effect.as(Effect.yieldNow(), new Uint8Array(1_000))).pipe(
        Stream.ensuring(Effect.sync(() => (finalized = true)))
      )
      const { fiber, peer } = yield* started({ method: "POST", body: HttpBody.stream(body) })
      yield* peer.head
      yield* peer.reset
      refused(yield* Effect.flip(Fiber.join(fiber)), "the request")
      for (let turns = 0; turns < 50 && !finalized; turns++) yield* turn
      equal(finalized, true, "the stream's finalizer ran")
    })
  ),
  scripted(
    "an interrupted request closes its connection",
    Effect.gen(function* () {
      const { fiber, peer } = yield* started()
      yield* request(peer)
      yield* Fiber.interrupt(fiber)
      equal(yield* peer.rest, "", "bytes before the end")
    })
  ),
  scripted(
    "the late response to an interrupted request reaches no other request",
    Effect.gen(function* () {
      const { fiber, peer, server } = yield* started()
      yield* request(peer)
      yield* Fiber.interrupt(fiber)
      peer.transport.write(ok("late"))
      const second = yield* Effect.fork(fetched(`${server.url}/second`))
      const fresh = yield* server.accept
      yield* request(fresh)
      yield* fresh.send(ok("second"))
      equal((yield* Fiber.join(second)).text, "second", "the response")
    })
  ),
  scripted(
    "a failed request does not affect the next one",
    Effect.gen(function* () {
      const { fiber, peer, server } = yield* started({ method: "POST" })
      yield* request(peer)
      yield* peer.reset
      refused(yield* Effect.flip(Fiber.join(fiber)), "the first")
      const second = yield* Effect.fork(fetched(server.url))
      const fresh = yield* server.accept
      yield* request(fresh)
      yield* fresh.send(ok("fine"))
      equal((yield* Fiber.join(second)).text, "fine", "the second")
    })
  )
]
