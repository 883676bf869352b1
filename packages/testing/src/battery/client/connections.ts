/**
 * Cases of the client battery about reuse of connections and backpressure.
 */
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type { Case } from "./case.js"
import { equal, isTrue, still } from "../expect.js"
import { fetched, listen, ok, scripted, started } from "./case.js"
import { request } from "../../peer/rawHttp.js"
import { turn } from "../../time/turns.js"

const block = new Uint8Array(16_384).fill(120)

// Each entry has a name, a response and a method. The last member says whether the second request must reuse
// the connection.
const next: ReadonlyArray<readonly [string, string, "GET" | "HEAD", boolean]> = [
  ["a body with a length", ok("one"), "GET", true],
  ["chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\n", "GET", true],
  ["204", "HTTP/1.1 204 No Content\r\n\r\n", "GET", true],
  ["a response to HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "HEAD", true],
  ["Connection: close", ok("one", "Connection: close\r\n"), "GET", false],
  ["HTTP/1.0", ok("one").replace("HTTP/1.1", "HTTP/1.0"), "GET", false],
  ["a response followed by surplus bytes", `${ok("one")}surplus`, "GET", false]
]

export const connections: ReadonlyArray<Case> = [
  ...next.map(([name, response, method, reused]) =>
    scripted(
      `${reused ? "reuses" : "does not reuse"} a connection after ${name}`,
      Effect.gen(function* () {
        const { fiber, peer, server } = yield* started({ method })
        yield* request(peer)
        yield* peer.send(response)
        yield* Fiber.join(fiber)
        const second = yield* Effect.fork(fetched(`${server.url}/second`))
        const other = reused ? peer : yield* server.accept
        equal((yield* request(other)).start, "GET /second HTTP/1.1", "the second request")
        yield* other.send(ok("two"))
        equal((yield* Fiber.join(second)).text, "two", "the second response")
        equal(server.count(), reused ? 1 : 2, "connections")
      })
    )
  ),
  scripted(
    "does not reuse a connection that the server closed while it was idle",
    Effect.gen(function* () {
      for (const way of ["end", "reset"] as const) {
        const { fiber, peer, server } = yield* started()
        yield* request(peer)
        yield* peer.send(ok("one"))
        yield* Fiber.join(fiber)
        yield* peer[way]
        yield* peer.expectClosed
        // Our end has closed, but the reset may still be on its way to the client, so wait for some turns.
        yield* Effect.repeatN(turn, 10)
        const second = yield* Effect.fork(fetched(server.url))
        const fresh = yield* server.accept
        yield* request(fresh)
        yield* fresh.send(ok("two"))
        equal((yield* Fiber.join(second)).text, "two", `after ${way}`)
      }
    })
  ),
  scripted(
    "sends several requests at once, each with its own response",
    Effect.gen(function* () {
      const server = yield* listen
      const fibers = yield* Effect.forEach([1, 2, 3, 4], (number) =>
        Effect.fork(fetched(`${server.url}/${number}`))
      )
      for (let index = 0; index < 4; index++) {
        const peer = yield* server.accept
        const { start } = yield* request(peer)
        yield* peer.send(ok(start.split(" ")[1]!))
      }
      const texts = yield* Effect.forEach(fibers, Fiber.join)
      equal(
        texts.map(({ text }) => text),
        ["/1", "/2", "/3", "/4"],
        "the responses"
      )
    })
  ),
  scripted(
    "an early response arrives during the upload",
    Effect.gen(function* () {
      const body = HttpBody.stream(Stream.concat(Stream.make(block), Stream.never))
      const { fiber, peer } = yield* started({ method: "POST", body })
      yield* peer.head
      yield* peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig")
      const { status, text } = yield* Fiber.join(fiber)
      equal([status, text], [413, "big"], "the response")
    })
  ),
  scripted(
    "an upload is pulled only as fast as the server reads",
    Effect.gen(function* () {
      const count = 1280
      let pulled = 0
      const parts = Stream.repeatEffect(Effect.sync(() => (pulled++, block))).pipe(Stream.take(count))
      const { fiber, peer } = yield* started({ method: "POST", body: HttpBody.stream(parts) })
      yield* peer.pause
      isTrue(
        (yield* still(() => pulled)) < count,
        "the whole body was pulled although the server did not read"
      )
      yield* peer.resume
      equal((yield* request(peer)).body.length, count * block.length, "bytes of the body")
      yield* peer.send(ok(""))
      yield* Fiber.join(fiber)
    })
  ),
  scripted(
    "an unread response puts backpressure on the server",
    Effect.gen(function* () {
      const server = yield* listen
      const client = yield* HttpClient.HttpClient
      const fiber = yield* Effect.fork(client.get(server.url))
      const peer = yield* server.accept
      yield* request(peer)
      const size = 20 * 1024 * 1024
      yield* peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`)
      const response = yield* Fiber.join(fiber)
      for (let sent = 0; sent < size; sent += block.length) peer.transport.write(block)
      const left = yield* still(() => peer.transport.buffered)
      isTrue(left > size / 4, `only ${left} of ${size} bytes were held back`)
      const read = yield* Stream.runFold(response.stream, 0, (sum, part) => sum + part.length)
      equal(read, size, "bytes of the body")
    })
  )
]
