/**
 * Cases of the server battery about responses, their framing, and reuse of the connection.
 */
import * as Cookies from "@effect/platform/Cookies"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Case } from "./case.js"
import { equal, excludes, fieldsOf, includes, isTrue } from "../expect.js"
import { response } from "../../peer/rawHttp.js"
import { byUrl, bytes, connect, get, last, served, statuses, talk, text } from "./case.js"
import { turn } from "../../time/turns.js"

const target = Effect.map(HttpServerRequest.HttpServerRequest, ({ url }) =>
  HttpServerResponse.text(`<${url}>`)
)

export const responses: ReadonlyArray<Case> = [
  served(
    "answers with status line, Date, type and length",
    text("hello"),
    Effect.gen(function* () {
      const peer = yield* connect
      yield* peer.send(get())
      const { body, fields, start } = yield* response(peer)
      equal(start, "HTTP/1.1 200 OK", "the status line")
      equal(body, "hello", "the body")
      includes(fields["content-type"] ?? "", "text/plain", "Content-Type")
      equal(fields["content-length"], "5", "Content-Length")
      // Check the format of `Date` (RFC 9110 §6.6.1).
      includes(
        fields["date"] ?? "",
        /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/,
        "Date"
      )
    })
  ),
  served(
    "keeps the connection for the next request",
    target,
    Effect.gen(function* () {
      const peer = yield* connect
      for (const path of ["/one", "/two", "/three"]) {
        yield* peer.send(get(path))
        equal((yield* response(peer)).body, `<${path}>`, "the response")
      }
      equal(peer.state(), "open", "the connection")
    })
  ),
  served(
    "closes after Connection: close, and says so",
    text("bye"),
    Effect.gen(function* () {
      const peer = yield* connect
      yield* peer.send(last())
      const { body, fields } = yield* response(peer)
      equal([body, fields["connection"]?.toLowerCase()], ["bye", "close"], "the response")
      yield* peer.expectFin
    })
  ),
  served(
    "answers pipelined requests in order, also when the first is slow",
    Effect.gen(function* () {
      const { url } = yield* HttpServerRequest.HttpServerRequest
      if (url === "/slow") yield* Effect.repeatN(turn, 3)
      return HttpServerResponse.text(`<${url}>`)
    }),
    Effect.gen(function* () {
      const all = yield* talk(get("/slow") + get("/two") + get("/slow") + last("/four"))
      equal(all.match(/<[^>]+>/g), ["</slow>", "</two>", "</slow>", "</four>"], "the responses")
    })
  ),
  served(
    "ignores requests after Connection: close",
    target,
    Effect.gen(function* () {
      equal(statuses(yield* talk(last("/one") + get("/two"))), [200], "the responses")
    })
  ),
  served(
    "serves connections concurrently: a waiting handler blocks no other connection",
    Effect.gen(function* () {
      const { url } = yield* HttpServerRequest.HttpServerRequest
      return url === "/wait" ? yield* Effect.never : HttpServerResponse.text("free")
    }),
    Effect.gen(function* () {
      const waiting = yield* connect
      yield* waiting.send(get("/wait"))
      equal(statuses(yield* talk(last())), [200], "the other")
      equal(waiting.received(), "", "the waiting connection")
    })
  ),
  served(
    "HEAD: the fields of GET without its body, and the connection is reused",
    text("never"),
    Effect.gen(function* () {
      const peer = yield* connect
      yield* peer.send("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n" + last())
      const head = yield* response(peer, "HEAD")
      equal(head.fields["content-length"], "5", "Content-Length")
      equal((yield* response(peer)).body, "never", "the response to GET")
    })
  ),
  served(
    "204 and 304 without a body, and the connection is reused",
    byUrl({
      "/204": Effect.succeed(HttpServerResponse.empty()),
      "/304": Effect.succeed(HttpServerResponse.empty({ status: 304 })),
      "/": text("end")
    }),
    Effect.gen(function* () {
      const peer = yield* connect
      yield* peer.send(get("/204") + get("/304") + last())
      const none = yield* response(peer)
      equal(none.start, "HTTP/1.1 204 No Content", "the first")
      // A 204 response must have neither `Content-Length` (RFC 9110 §8.6) nor `Transfer-Encoding` (RFC 9112
      // §6.1).
      equal(
        [none.fields["content-length"], none.fields["transfer-encoding"]],
        [undefined, undefined],
        "framing"
      )
      equal((yield* response(peer)).start, "HTTP/1.1 304 Not Modified", "the second")
      equal((yield* response(peer)).body, "end", "the third")
    })
  ),
  served(
    "HTTP/1.0: closes after the response, unless asked to keep the connection",
    text("old"),
    Effect.gen(function* () {
      includes(yield* talk("GET / HTTP/1.0\r\n\r\n"), /^HTTP\/1\.1 200 [^]*\r\n\r\nold$/, "the response")
      const peer = yield* connect
      for (let round = 0; round < 2; round++) {
        yield* peer.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        const { body, fields } = yield* response(peer)
        equal([body, fields["connection"]?.toLowerCase()], ["old", "keep-alive"], "the response")
      }
    })
  ),
  served(
    "HTTP/1.0: a streamed body ends with the connection, never in chunks",
    Effect.succeed(HttpServerResponse.stream(Stream.make(bytes("a"), bytes("b")))),
    Effect.gen(function* () {
      const all = yield* talk("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
      includes(all, /\r\n\r\nab$/, "the body")
      excludes(all.toLowerCase(), "transfer-encoding", "the head")
    })
  ),
  served(
    "a streamed body goes out in chunks, and the connection is reused",
    byUrl({
      "/stream": Effect.succeed(
        HttpServerResponse.stream(Stream.make(bytes("one"), bytes(""), bytes("twenty")))
      ),
      "/": text("end")
    }),
    Effect.gen(function* () {
      const peer = yield* connect
      yield* peer.send(get("/stream") + last())
      const { body, fields } = yield* response(peer)
      equal(
        [fields["transfer-encoding"], fields["content-length"], body],
        ["chunked", undefined, "onetwenty"],
        "it"
      )
      equal((yield* response(peer)).body, "end", "the next")
    })
  ),
  served(
    "a streamed body is sent as it is produced",
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const rest = Stream.fromEffect(Effect.as(Deferred.await(gate), bytes("second")))
      yield* Effect.addFinalizer(() => Deferred.succeed(gate, undefined))
      return HttpServerResponse.stream(Stream.concat(Stream.make(bytes("first")), rest))
    }),
    Effect.gen(function* () {
      const peer = yield* connect
      yield* peer.send(get())
      includes(yield* peer.until("first\r\n"), "\r\n\r\n5\r\nfirst\r\n", "the first chunk")
    })
  ),
  served(
    "each cookie goes out in its own Set-Cookie field",
    Effect.succeed(
      HttpServerResponse.empty({
        cookies: Cookies.fromIterable([
          Cookies.unsafeMakeCookie("a", "1"),
          Cookies.unsafeMakeCookie("b", "2", { httpOnly: true })
        ])
      })
    ),
    Effect.gen(function* () {
      includes(yield* talk(last()), /set-cookie: a=1\r\nset-cookie: b=2; HttpOnly\r\n/i, "the lines")
    })
  ),
  served(
    "request targets arrive unchanged, absolute ones too",
    target,
    Effect.gen(function* () {
      const all = yield* talk(get("/a%20b?c=d&e=%2F") + get("//x") + last("/?"))
      equal(all.match(/<[^>]+>/g), ["</a%20b?c=d&e=%2F>", "<//x>", "</?>"], "the targets")
      equal(
        statuses(yield* talk(last("http://test/absolute"))),
        [200],
        "an absolute target (RFC 9112 §3.2.2)"
      )
    })
  ),
  served(
    "field names match in any case, and values lose the blanks around them",
    Effect.map(HttpServerRequest.HttpServerRequest, ({ headers }) =>
      HttpServerResponse.text(`<${headers["x-one"]}|${headers["x-two"]}>`)
    ),
    Effect.gen(function* () {
      const all = yield* talk(get("/", "X-ONE: \t a b \t\r\nx-Two:c\r\nCONNECTION: CLOSE\r\n"))
      includes(all, "<a b|c>", "the values")
    })
  ),
  served(
    "an empty line before a request is skipped (RFC 9112 §2.2)",
    text("fine"),
    Effect.gen(function* () {
      equal(statuses(yield* talk("\r\n" + get() + "\r\n" + last())), [200, 200], "the responses")
    })
  ),
  served(
    "an upgrade that the app does not take is answered as an ordinary request",
    text("plain"),
    Effect.gen(function* () {
      const all = yield* talk(get("/", "Connection: Upgrade\r\nUpgrade: other\r\n") + last())
      equal(statuses(all), [200, 200], "the responses")
    })
  ),
  served(
    "a head that arrives byte by byte is parsed the same",
    target,
    Effect.gen(function* () {
      const peer = yield* connect
      yield* peer.sendParts(get("/bytes"))
      const { body, head } = yield* response(peer)
      equal(body, "</bytes>", "the response")
      isTrue(Object.keys(fieldsOf(head)).length > 1, "fields")
    })
  )
]
