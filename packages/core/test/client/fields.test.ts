/**
 * Fields and status lines of responses. Spaces and tabs are whitespace everywhere, and a connection is not
 * reused if its framing is ambiguous under RFC 9112.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Client } from "@httpfx/core"
import { MemoryNetwork, RawPeer } from "@httpfx/testing"
import { keepAliveHint } from "../../src/pool/index.js"
import { withClient } from "../support/withClient.js"

const run = withClient(MemoryNetwork.layer())

/** Returns the parsed response, and whether its connection was kept for the next request. */
const reading = (answer: string, cut: boolean, method = "GET") =>
  run(
    Effect.gen(function* () {
      const { accept, count, url } = yield* RawPeer.listen()
      const get = Client.request({ url, method }).pipe(
        Effect.flatMap((response) => Effect.map(response.text, (text) => `${response.status} ${text}`)),
        Effect.catchAll((error) => Effect.succeed(error._tag === "ParseError" ? `${error.flag}` : error._tag))
      )
      const first = yield* Effect.fork(get)
      const raw = yield* accept
      yield* raw.head
      if (!cut) yield* raw.send(answer)
      else for (const byte of answer) yield* raw.send(byte)
      const seen = yield* first
      const second = yield* Effect.fork(get)
      const kept = Effect.matchEffect(raw.head, {
        onFailure: () => Effect.never,
        onSuccess: () => Effect.succeed(undefined)
      })
      const next = yield* Effect.raceFirst(kept, accept)
      if (next !== undefined) {
        yield* next.head
        yield* next.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        assert.match(yield* second, /^200 /)
      }
      return [seen, count() === 1 ? "kept" : "closed"]
    })
  )

const length = "Content-Length: 2\r\n"
const chunks = "2\r\nok\r\n0\r\n\r\n"

describe("fields of a response", () => {
  /** The test replaces `_` by each kind of whitespace. */
  const table: ReadonlyArray<readonly [what: string, answer: string, seen: string, connection: string]> = [
    ["Content-Length", "HTTP/1.1 200 OK\r\nContent-Length:_2_\r\n\r\nok", "200 ok", "kept"],
    ["Connection: close", `HTTP/1.1 200 OK\r\nConnection:_close_\r\n${length}\r\nok`, "200 ok", "closed"],
    [
      "Connection: close in a list",
      `HTTP/1.1 200 OK\r\nConnection:_x_,_Close_\r\n${length}\r\nok`,
      "200 ok",
      "closed"
    ],
    [
      "Connection: keep-alive in HTTP/1.0",
      `HTTP/1.0 200 OK\r\nConnection:_keep-alive_\r\n${length}\r\nok`,
      "200 ok",
      "kept"
    ]
  ]
  for (const [what, answer, seen, connection] of table) {
    it.effect(`${what}: spaces and tabs around it are not part of it`, () =>
      Effect.gen(function* () {
        for (const blank of ["", "\t", " \t "]) {
          const written = answer.replaceAll("_", blank)
          assert.deepStrictEqual(yield* reading(written, false), [seen, connection], JSON.stringify(written))
        }
        assert.deepStrictEqual(yield* reading(answer.replaceAll("_", "\t"), true), [seen, connection])
      })
    )
  }

  it.effect("of the answer to HEAD", () =>
    Effect.gen(function* () {
      for (const [answer, connection] of [
        ["HTTP/1.1 200 OK\r\nConnection: close\t\r\n\r\n", "closed"],
        ["HTTP/1.1 200 OK\r\nConnection: x\t\r\n\r\n", "kept"],
        ["HTTP/1.1 204 OK\r\nContent-Length: 5\r\n\r\n", "closed"]
      ] as const) {
        const [, was] = yield* reading(answer, false, "HEAD")
        assert.strictEqual(was, connection, answer)
      }
    })
  )

  it("of Keep-Alive", () => {
    for (const blank of [" ", "\t", ""]) {
      const written = `max=3${blank},${blank}Timeout${blank}=${blank}5${blank}`
      assert.strictEqual(keepAliveHint(written), 5000, JSON.stringify(written))
    }
    assert.isUndefined(keepAliveHint("\u00a0timeout=5"))
  })
})

describe("status lines and framing that RFC 9112 leaves ambiguous", () => {
  const table: ReadonlyArray<readonly [what: string, answer: string, seen: string, connection: string]> = [
    ["no reason and no space", `HTTP/1.1 200\r\n${length}\r\nok`, "200 ok", "kept"],
    ["no reason in HTTP/1.0", `HTTP/1.0 200\r\n${length}\r\nok`, "200 ok", "closed"],
    ["a status below 100", `HTTP/1.1 099 OK\r\n${length}\r\nok`, "looseStatusLine", "closed"],
    ["a control byte in the reason", `HTTP/1.1 200 O\u0001K\r\n${length}\r\nok`, "looseStatusLine", "closed"],
    ["no reason and a bare LF", `HTTP/1.1 200\n${length}\r\nok`, "bareLineFeed", "closed"],
    ["a 204 with a length, without a body", `HTTP/1.1 204 No Content\r\n${length}\r\n`, "204 ", "closed"],
    ["a 204 with a length and its body", `HTTP/1.1 204 No Content\r\n${length}\r\nok`, "204 ", "closed"],
    [
      "a 204 with chunks",
      `HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`,
      "204 ",
      "closed"
    ],
    ["a 204 with a length of zero", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "204 ", "kept"],
    ["a 304 with a length", `HTTP/1.1 304 Not Modified\r\n${length}\r\n`, "304 ", "kept"],
    ["a 103 with a length", `HTTP/1.1 103 Early Hints\r\n${length}\r\n`, "lengthWithoutBody", "closed"],
    [
      "chunks in HTTP/1.0",
      `HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`,
      "200 ok",
      "closed"
    ],
    [
      "chunks in HTTP/1.0 with keep-alive",
      `HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`,
      "200 ok",
      "closed"
    ],
    [
      "another coding in HTTP/1.0",
      `HTTP/1.0 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n`,
      "otherTransferCodings",
      "closed"
    ]
  ]
  for (const [what, answer, seen, connection] of table) {
    it.effect(what, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* reading(answer, false), [seen, connection])
        assert.deepStrictEqual(yield* reading(answer, true), [seen, connection], "byte by byte")
      })
    )
  }
})
