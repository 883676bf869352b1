/**
 * Server-sent events on real sockets: our server with `curl -N` and undici's `EventSource`, and our client
 * with Node's own server.
 */
import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import * as http from "node:http"
import { createRequire } from "node:module"
import type { AddressInfo } from "node:net"
import { HttpServer, HttpServerResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { ServerSentEvents } from "@httpfx/core"
import { NodeHttpClient, NodeHttpServer } from "@httpfx/node"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"

const curl = (() => {
  try {
    return /^curl \S+/.exec(execFileSync("curl", ["--version"], { encoding: "utf8" }))![0]
  } catch {
    return undefined
  }
})()

describe(curl ?? "curl, which is not installed here", () => {
  it.live.skipIf(curl === undefined)(
    "shows each event as it is sent, and the server notices when it disconnects",
    () =>
      Effect.gen(function* () {
        const events = yield* Queue.unbounded<ServerSentEvents.Event>()
        const left = yield* Deferred.make<void>()
        const handler = Effect.gen(function* () {
          const last = Option.getOrElse(yield* ServerSentEvents.lastEventId, () => "")
          const stream = Stream.concat(Stream.make({ data: `after ${last}` }), Stream.fromQueue(events))
          return yield* ServerSentEvents.response(Stream.ensuring(stream, Deferred.succeed(left, undefined)))
        })
        yield* Layer.build(HttpServer.serve(handler))
        const { address } = yield* HttpServer.HttpServer
        assert(address._tag === "TcpAddress")
        const args = ["-sN", "-H", "Last-Event-ID: ä", `http://127.0.0.1:${address.port}/`]
        const child = spawn("curl", args, { stdio: ["ignore", "pipe", "inherit"] })
        let text = ""
        const shows = (wanted: string) =>
          Effect.promise(async () => {
            while (!text.endsWith(wanted)) text += String((await once(child.stdout, "data"))[0])
          })
        yield* shows("data: after ä\n\n")
        for (let n = 0; n < 3; n++) {
          yield* Queue.offer(events, { id: `${n}`, data: `€ ${n}` })
          yield* shows(`id: ${n}\ndata: € ${n}\n\n`)
        }
        child.kill()
        yield* Deferred.await(left)
      }).pipe(Effect.scoped, Effect.provide(NodeHttpServer.layer({ port: 0, host: "127.0.0.1" })))
  )
})

interface EventSourceOfUndici extends EventTarget {
  readonly readyState: number
}
const { EventSource } = createRequire(new URL("../../../../benchmarks/package.json", import.meta.url))(
  "undici"
) as { readonly EventSource: new (url: string) => EventSourceOfUndici }

describe("The EventSource of undici", () => {
  it.live("reads events, and reconnects with the last event id until it gets 204", () =>
    Effect.gen(function* () {
      const handler = Effect.gen(function* () {
        const last = yield* ServerSentEvents.lastEventId
        if (Option.contains(last, "2")) return HttpServerResponse.empty()
        return yield* Option.match(last, {
          onNone: () =>
            ServerSentEvents.response(
              Stream.make({ data: "a\nb" }, { id: "1", event: "tick", data: "€" }, { comment: "nothing" }),
              { retry: 10 }
            ),
          onSome: (id) => ServerSentEvents.response(Stream.make({ id: "2", data: `after ${id}` }))
        })
      })
      yield* Layer.build(HttpServer.serve(handler))
      const { address } = yield* HttpServer.HttpServer
      assert(address._tag === "TcpAddress")
      const source = new EventSource(`http://127.0.0.1:${address.port}/`)
      const seen: Array<unknown> = []
      const hear = (event: Event) => {
        const { data, lastEventId, type } = event as MessageEvent
        seen.push([type, data, lastEventId])
      }
      source.addEventListener("message", hear)
      source.addEventListener("tick", hear)
      yield* Effect.async<void>((resume) =>
        source.addEventListener("error", () => {
          if (source.readyState === 2) resume(Effect.void)
        })
      )
      assert.deepStrictEqual(seen, [
        ["message", "a\nb", ""],
        ["tick", "€", "1"],
        ["message", "after 1", "2"]
      ])
    }).pipe(Effect.scoped, Effect.provide(NodeHttpServer.layer({ port: 0, host: "127.0.0.1" })))
  )
})

describe("Node's own server", () => {
  it.scopedLive("is read by our client over several responses", () =>
    Effect.gen(function* () {
      const server = http.createServer(({ headers }, response) => {
        const last = Number(headers["last-event-id"] ?? 0)
        if (last >= 3) return void response.writeHead(204).end()
        response.writeHead(200, { "Content-Type": "text/event-stream" })
        response.end(`retry: 1\r\nid: ${last + 1}\r\ndata: ${last + 1}\r\n\r\n`)
      })
      yield* Effect.promise(async () => once(server.listen(0, "127.0.0.1"), "listening"))
      yield* Effect.addFinalizer(() => Effect.sync(() => void server.close().closeAllConnections()))
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
      const seen = yield* ServerSentEvents.request({ url }).pipe(
        Stream.map(({ data }) => data),
        Stream.runCollect
      )
      assert.deepStrictEqual(Chunk.toReadonlyArray(seen), ["1", "2", "3"])
    }).pipe(Effect.provide(NodeHttpClient.layer))
  )
})
