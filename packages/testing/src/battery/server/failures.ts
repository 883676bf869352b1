/**
 * Cases of the server battery about failing handlers, responses that are cut off, and clients that abort.
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

const moments = ["while its handler waits", "in mid-upload", "in mid-response"] as const

const goneAway = (moment: (typeof moments)[number], way: "FIN" | "RST"): Case =>
  servedWith(
    `a client that leaves ${moment}, by ${way}: the handler is interrupted and its finalizers run`,
    Effect.gen(function* () {
      const started = yield* Deferred.make<void>()
      const finalized = yield* Deferred.make<void>()
      return {
        app: Effect.gen(function* () {
          const request = yield* HttpServerRequest.HttpServerRequest
          if (request.url === "/alive") return HttpServerResponse.text("alive")
          yield* Effect.addFinalizer(() => Deferred.succeed(finalized, undefined))
          yield* Deferred.succeed(started, undefined)
          if (moment === "in mid-response")
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
          if (moment === "in mid-response") yield* peer.until("xxx")
          yield* way === "RST" ? peer.reset : peer.end
          yield* Deferred.await(finalized)
          equal(statuses(yield* talk(last("/alive"))), [200], "another client")
        })
      }
    })
  )

export const failures: ReadonlyArray<Case> = [
  served(
    "a handler that fails or dies gives a 500, and the connection is reused",
    byUrl({ "/fail": Effect.fail("no"), "/die": Effect.die(new Error("no")), "/": text("fine") }),
    Effect.gen(function* () {
      const all = yield* talk(get("/fail") + get("/die") + last())
      equal(statuses(all), [500, 500, 200], "the responses")
    })
  ),
  served(
    "a field value that would split the response is not sent",
    byUrl({
      "/split": Effect.sync(() => HttpServerResponse.text("x", { headers: { a: "b\r\nc: d" } })),
      "/": text("fine")
    }),
    Effect.gen(function* () {
      excludes(yield* talk(last("/split")), "c: d", "the response")
    })
  ),
  served(
    "a response whose stream fails is cut: no last chunk, and the connection closes",
    Effect.succeed(HttpServerResponse.stream(Stream.concat(part, Stream.fail("broken")))),
    Effect.gen(function* () {
      const all = yield* talk(get())
      includes(all, "\r\n\r\n4\r\npart\r\n", "the first chunk")
      excludes(all, "\r\n0\r\n", "the response")
    })
  ),
  served(
    "a response shorter than its Content-Length does not look complete",
    Effect.succeed(HttpServerResponse.stream(part, { contentLength: 10 })),
    Effect.gen(function* () {
      // The client must see that the body is incomplete, so the server sends FIN before the end of the body
      // (RFC 9112 §8).
      includes(yield* talk(get() + get()), /\r\n\r\npart$/, "the response")
    })
  ),
  served(
    "a client that leaves between requests does not affect other clients",
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
    "a client that leaves within a head does not affect other clients",
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
