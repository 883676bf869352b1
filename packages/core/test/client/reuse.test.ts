// Reuse of a connection after special responses: a response to HEAD, and a response that ends while no one
// reads.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Client } from "@httpfx/core"
import { RawPeer } from "@httpfx/testing"
import { networks } from "../support/networks.js"
import { withClient } from "../support/withClient.js"

const turns = (n: number) =>
  Effect.promise(async () => {
    for (let i = 0; i < n; i++) await new Promise((done) => setImmediate(done))
  })

describe.each(networks)("The connection of the client on %s", (_, network) => {
  const run = withClient(network)

  const heads: ReadonlyArray<readonly [fields: string, reused: boolean]> = [
    ["HTTP/1.1 200 OK\r\n\r\n", true],
    ["HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n", true],
    ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true],
    ["HTTP/1.1 404 Not Found\r\nConnection: x, Close\r\n\r\n", false],
    ["HTTP/1.1 200 OK\r\nConnection: x\r\nConnection: close\r\n\r\n", false],
    ["HTTP/1.0 200 OK\r\n\r\n", false]
  ]
  for (const [answer, reused] of heads) {
    it.effect(`is ${reused ? "" : "not "}reused after a HEAD answered by ${JSON.stringify(answer)}`, () =>
      run(
        Effect.gen(function* () {
          const { accept, url } = yield* RawPeer.listen()
          const head = Effect.flatMap(Client.request({ url, method: "HEAD" }), (response) =>
            Effect.as(response.bytes, response)
          )
          const first = yield* Effect.fork(head)
          const raw = yield* accept
          yield* raw.head
          yield* raw.send(answer)
          yield* first
          const second = yield* Effect.fork(head)
          const next = reused ? raw : yield* accept
          yield* next.head
          yield* next.send(answer)
          assert.strictEqual((yield* second).reused, reused)
        })
      )
    )
  }

  it.effect("closes in order after a last response that filled the look-ahead before anybody read", () =>
    run(
      Effect.gen(function* () {
        const { accept, url } = yield* RawPeer.listen()
        const client = yield* Client.Client
        const fiber = yield* Effect.fork(client.request({ url }))
        const raw = yield* accept
        yield* raw.head
        const size = 66_000
        yield* raw.send(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n`)
        const response = yield* fiber
        yield* raw.send("x".repeat(40_000))
        yield* turns(20)
        // These bytes complete the response and exceed the look-ahead in a single read.
        yield* raw.send("x".repeat(26_000))
        yield* turns(20)
        const lengths = yield* Stream.runFold(response.body, 0, (sum, bytes) => sum + bytes.length)
        assert.strictEqual(lengths, size)
        yield* raw.rest
        yield* raw.end
        // The test's clock is not advanced, so the close does not depend on a timer of the client.
        yield* Effect.repeat(Effect.zipLeft(client.connections, turns(1)), {
          until: ({ open }) => open === 0
        })
        assert.strictEqual(raw.state(), "closed")
      })
    )
  )
})
