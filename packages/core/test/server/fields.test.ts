/**
 * In every field that the server reads, spaces and tabs around values and list elements are whitespace, for
 * every split of the bytes. A list may span several fields (RFC 9110 §5.6.1, §5.6.3).
 */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Exchange } from "@httpfx/core"
import { MemoryNetwork } from "@httpfx/testing"
import { connect, last, servedOn } from "../support/served.js"

const served = servedOn(MemoryNetwork.layer())

/** Responds with the parsed parts of the request. */
const app = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  const { acceptsTrailers, expectation, upgradeProtocols } = yield* Exchange.exchange
  const body = yield* request.text
  const facts = [
    request.headers["host"],
    body,
    acceptsTrailers,
    expectation ?? "-",
    upgradeProtocols.join(" ")
  ]
  return HttpServerResponse.text(`<${request.url}: ${facts.join(", ")}>`)
})

/**
 * Sends a request with these lines, and a second request. Returns the statuses and bodies of the responses.
 */
const answers = (start: string, lines: string, body: string, cut: boolean) =>
  served(
    app,
    Effect.gen(function* () {
      const raw = yield* connect
      const bytes = `${start}\r\n${lines}\r\n${body}${last("/next")}`
      if (!cut) yield* raw.send(bytes)
      else for (const byte of bytes) yield* raw.send(byte)
      const all = yield* raw.rest
      return all.match(/HTTP\/1\.1 [2-9]\d\d|<[^>]*>/g)?.map((one) => one.replace("HTTP/1.1 ", "")) ?? []
    }),
    { unknownExpectations: "refuse" }
  )

const get = "GET /1 HTTP/1.1"
const host = "Host: a\r\n"
const next = ["200", "</next: test, , false, -, >"]

/** The test replaces `_` by each kind of whitespace. */
const table: ReadonlyArray<
  readonly [what: string, start: string, lines: string, body: string, seen: Array<string>]
> = [
  ["Connection: close", get, `${host}Connection:_close_\r\n`, "", ["200", "</1: a, , false, -, >"]],
  [
    "Connection: close in a list",
    get,
    `${host}Connection:_x_,_,_CLOSE_,_y_\r\n`,
    "",
    ["200", "</1: a, , false, -, >"]
  ],
  [
    "Proxy-Connection: close",
    get,
    `${host}Proxy-Connection:_close_\r\n`,
    "",
    ["200", "</1: a, , false, -, >"]
  ],
  [
    "Connection: keep-alive in HTTP/1.0",
    "GET /1 HTTP/1.0",
    `${host}Connection:_keep-alive_\r\n`,
    "",
    ["200", "</1: a, , false, -, >", ...next]
  ],
  [
    "Content-Length",
    "POST /1 HTTP/1.1",
    `${host}Content-Length:_5_\r\n`,
    "hello",
    ["200", "</1: a, hello, false, -, >", ...next]
  ],
  ["Host", get, `Host:_a:80_\r\n`, "", ["200", "</1: a:80, , false, -, >", ...next]],
  [
    "Expect: 100-continue",
    "POST /1 HTTP/1.1",
    `${host}Expect:_100-Continue_\r\nContent-Length: 5\r\n`,
    "hello",
    ["200", "</1: a, hello, false, 100-Continue, >", ...next]
  ],
  [
    "TE: trailers",
    get,
    `${host}TE:_gzip;q=0.5_,_Trailers_\r\n`,
    "",
    ["200", "</1: a, , true, -, >", ...next]
  ],
  [
    "Upgrade",
    get,
    `${host}Connection:_upgrade_\r\nUpgrade:_a/1_,_,_b_\r\n`,
    "",
    ["200", "</1: a, , false, -, a/1 b>", ...next]
  ]
]

describe("fields of a request", () => {
  for (const [what, start, lines, body, seen] of table) {
    it.effect(`${what}: spaces and tabs around it are not part of it`, () =>
      Effect.gen(function* () {
        for (const blank of ["", "\t", " \t "]) {
          const written = lines.replaceAll("_", blank)
          expect(yield* answers(start, written, body, false), JSON.stringify(written)).toEqual(seen)
        }
        expect(yield* answers(start, lines.replaceAll("_", "\t"), body, true), "byte by byte").toEqual(seen)
      })
    )
  }

  const others: ReadonlyArray<
    readonly [what: string, start: string, lines: string, body: string, seen: Array<string>]
  > = [
    [
      "a no-break space is not whitespace in an option",
      get,
      `${host}Connection: close\u00a0\r\n`,
      "",
      ["200", "</1: a, , false, -, >", ...next]
    ],
    ["a no-break space is not whitespace in a host", get, "Host: a\u00a0\r\n", "", ["400"]],
    [
      "a no-break space is not whitespace in a length",
      get,
      `${host}Content-Length: 5\u00a0\r\n`,
      "",
      ["400"]
    ],
    ["a coding with a tab is refused", get, `${host}Transfer-Encoding: chunked\t\r\n`, "", ["501"]],
    [
      "a repeated expectation is one",
      get,
      `${host}Expect: 100-continue, ,\r\nExpect: 100-continue\r\n`,
      "",
      ["200", "</1: a, , false, 100-continue, ,, 100-continue, >", ...next]
    ],
    [
      "an empty Expect expects nothing",
      get,
      `${host}Expect:\r\n`,
      "",
      ["200", "</1: a, , false, , >", ...next]
    ],
    ["an unknown expectation in a list", get, `${host}Expect: 100-continue, x\r\n`, "", ["417", ...next]],
    [
      "an unknown expectation in a second field",
      get,
      `${host}Expect: 100-continue\r\nExpect: x=1\r\n`,
      "",
      ["417", ...next]
    ],
    [
      "expectations are ignored in HTTP/1.0",
      "GET /1 HTTP/1.0",
      `${host}Expect: x\r\nConnection: keep-alive\r\n`,
      "",
      ["200", "</1: a, , false, -, >", ...next]
    ],
    [
      "an upgrade in HTTP/1.0 is ignored",
      "GET /1 HTTP/1.0",
      `${host}Connection: upgrade, keep-alive\r\nUpgrade: a\r\n`,
      "",
      ["200", "</1: a, , false, -, >", ...next]
    ],
    [
      "a comma in quotes splits nothing",
      get,
      `${host}TE: a;b="c, trailers"\r\n`,
      "",
      ["200", "</1: a, , false, -, >", ...next]
    ],
    [
      "TE in several fields is one list",
      get,
      `${host}TE: gzip\r\nTE: trailers\r\n`,
      "",
      ["200", "</1: a, , true, -, >", ...next]
    ]
  ]
  for (const [what, start, lines, body, seen] of others) {
    it.effect(what, () =>
      Effect.gen(function* () {
        expect(yield* answers(start, lines, body, false)).toEqual(seen)
      })
    )
  }
})
