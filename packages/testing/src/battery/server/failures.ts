/**
 * Cases of the server battery: handlers that fail, answers that are cut, clients that go away.
 */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Case } from "./case.js"
import { equal, excludes, includes } from "../expect.js"
import { response } from "../../peer/rawHttp.js"
import { byUrl, bytes, connect, get, last, served, servedWith, statuses, talk, text } from "./case.js"

const part = Stream.make(bytes("part"))
const block = new Uint8Array(16_384).fill(120)

const moments = ["while its handler waits", "in mid-upload", "in mid-answer"] as const

const goneAway = (moment: (typeof moments)[number], way: "FIN" | "RST"): Case =>
  servedWith(
    `a client that goes away ${moment}, by ${way}: the handler ends, its finalizers run`,
    Effect.gen(function* () {
      const started = yield* Deferred.make<void>()
      const finalized = yield* Deferred.make<void>()
      return {
        app: Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          if (request.url === "/alive") return HttpServerResponse.text("alive")
          yield* Effect.addFinalizer(() => Deferred.succeed(finalized, undefined))
          yield* Deferred.succeed(started, undefined)
          if (moment === "in mid-answer")
            return HttpServerResponse.stream(Stream.repeatEffect(Effect.as(Effect.yieldNow(), block)))
          yield* moment === "in mid-upload" ? Stream.runDrain(request.stream) : Effect.never
          return HttpServerResponse.empty()
        }),
        test: Effect.gen(function* () {
          const peer = yield* connect
          yield* peer.send(
            moment === "in mid-upload"
              ? "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\nonly"
              : get()
          )
          yield* Deferred.await(started)
          if (moment === "in mid-answer") yield* peer.until("xxx")
          yield* way === "RST" ? peer.reset : peer.end
          yield* Deferred.await(finalized)
          equal(statuses(yield* talk(last("/alive"))), [200], "another client")
        })
      }
    })
  )

export const failures: ReadonlyArray<Case> = [
  served(
    "a handler that fails or dies is answered with 500, and the connection goes on",
    byUrl({ "/fail": Effect.fail("no"), "/die": Effect.die(new Error("no")), "/": text("fine") }),
    Effect.gen(function* () {
      const all = yield* talk(get("/fail") + get("/die") + last())
      equal(statuses(all), [500, 500, 200], "the answers")
    })
  ),
  served(
    "a value that would split the answer does not reach the wire",
    byUrl({
      "/split": Effect.sync(() => HttpServerResponse.text("x", { headers: { a: "b\r\nc: d" } })),
      "/": text("fine")
    }),
    Effect.gen(function* () {
      excludes(yield* talk(last("/split")), "c: d", "the answer")
    })
  ),
  served(
    "an answer whose stream fails is cut: no last chunk, and the connection ends",
    Effect.succeed(HttpServerResponse.stream(Stream.concat(part, Stream.fail("broken")))),
    Effect.gen(function* () {
      const all = yield* talk(get())
      includes(all, "\r\n\r\n4\r\npart\r\n", "the first chunk")
      excludes(all, "\r\n0\r\n", "the answer")
    })
  ),
  served(
    "an answer shorter than its length is not taken for whole",
    Effect.succeed(HttpServerResponse.stream(part, { contentLength: 10 })),
    Effect.gen(function* () {
      // FIN within the body tells the client (RFC 9112 §8).
      includes(yield* talk(get() + get()), /\r\n\r\npart$/, "the answer")
    })
  ),
  served(
    "a client that goes away between requests harms no other",
    text("fine"),
    Effect.gen(function* () {
      for (const way of ["end", "reset"] as const) {
        const gone = yield* connect
        yield* gone.send(get())
        yield* response(gone)
        yield* gone[way]
        yield* gone.expectClosed
        equal(statuses(yield* talk(last())), [200], "another client")
      }
    })
  ),
  served(
    "a client that goes away within a head harms no other",
    text("fine"),
    Effect.gen(function* () {
      for (const way of ["end", "reset"] as const) {
        const gone = yield* connect
        yield* gone.send("GET / HTTP/1.1\r\nHos")
        yield* gone[way]
        yield* gone.expectClosed
        equal(statuses(yield* talk(last())), [200], "another client")
      }
    })
  ),
  ...moments.flatMap((moment) => [goneAway(moment, "FIN"), goneAway(moment, "RST")])
]
