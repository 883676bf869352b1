// A response without length over TLS, which ends with its connection. It is complete after close_notify, and
// incomplete after FIN alone (RFC 9112 §9.8).
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Client, Network, type Agent } from "@httpfx/core"
import { Fault, MemoryNetwork, MemoryTls, RawPeer, VirtualClock } from "@httpfx/testing"

const inMemory = Layer.provideMerge(MemoryNetwork.layer(), VirtualClock.layer())
const internal = MemoryTls.authority("Internal CA")
const own = internal.certificate({ names: "origin.test" })
const size = 60_000
const body = "x".repeat(size)

const framings = {
  "until close": `HTTP/1.1 200 OK\r\n\r\n${body}`,
  "until close, HTTP/1.0": `HTTP/1.0 200 OK\r\n\r\n${body}`,
  "Content-Length": `HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n${body}`,
  chunked: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${size.toString(16)}\r\n${body}\r\n0\r\n\r\n`
}

/** Starts a server that sends `response` and closes the connection, with close_notify if TLS is used. */
const serving = (port: number, secure: boolean, response: string) =>
  Effect.gen(function* () {
    const network = yield* Network.Network
    const runtime = yield* Effect.runtime<never>()
    yield* network.listen({ port, host: "127.0.0.1" }, (plain) => {
      const answer = Effect.gen(function* () {
        const transport = secure ? yield* network.secure(plain, { role: "server", ...own }) : plain
        const peer = yield* RawPeer.make(transport)
        yield* peer.head
        yield* peer.send(response)
        yield* peer.end
        yield* peer.rest
      })
      Effect.runFork(Effect.provide(Effect.ignore(Effect.scoped(answer)), runtime))
    })
  })

const asked = (secure: boolean, response: string, cut: boolean, tls: Agent.Options["tls"] = {}) =>
  Effect.gen(function* () {
    const port = secure ? 443 : 80
    yield* serving(port, secure, response)
    if (cut) yield* Fault.truncate(30_000)
    const url = `${secure ? "https" : "http"}://127.0.0.1:${port}/`
    return yield* Client.request({ url }).pipe(
      Effect.flatMap((response) => response.text),
      Effect.map((text) => (text.length === size ? "whole" : "shorter")),
      Effect.catchAll((error) =>
        Effect.succeed(
          [
            error._tag,
            error.code,
            "phase" in error ? error.phase : "",
            "reason" in error ? error.reason : ""
          ].join()
        )
      ),
      Effect.provide(Client.layerWith({ tls: { ca: internal.ca, serverName: "origin.test", ...tls } }))
    )
  }).pipe(Effect.scoped, Effect.provide(inMemory))

const unclosed = "HangUp,ECONNRESET,body,the connection ended without close_notify of TLS"
const aborted = "HangUp,ECONNRESET,body,aborted"

describe("A response over TLS", () => {
  for (const [name, response] of Object.entries(framings)) {
    const untilClose = name.startsWith("until close")
    it.live(`${name}: is complete`, () =>
      Effect.gen(function* () {
        expect(yield* asked(true, response, false)).toBe("whole")
      })
    )
    it.live(`${name}: cut off by FIN is incomplete`, () =>
      Effect.gen(function* () {
        expect(yield* asked(true, response, true)).toBe(untilClose ? unclosed : aborted)
      })
    )
    it.live(`${name}: cut off by FIN, with requireCloseNotify: false`, () =>
      Effect.gen(function* () {
        const lenient = { requireCloseNotify: false }
        expect(yield* asked(true, response, true, lenient)).toBe(untilClose ? "shorter" : aborted)
      })
    )
    it.live(`${name}: without TLS, FIN is the end`, () =>
      Effect.gen(function* () {
        expect(yield* asked(false, response, true)).toBe(untilClose ? "shorter" : aborted)
      })
    )
  }
})
