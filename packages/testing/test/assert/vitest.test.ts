/**
 * The matchers: which values they accept and what their failures show. `noLeaks` checks this file for leaks.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestServer from "@httpfx/testing/TestServer"
import { noLeaks, whole } from "@httpfx/testing/vitest"

const watched = noLeaks()

const wire = 'HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 7\r\nA: 1\r\na: 2\r\n\r\n{"b":3}'

const app = Effect.succeed(
  HttpServerResponse.unsafeJson({ ok: true, n: 1 }, { status: 201, headers: { "x-a": "b" } })
)

describe("matchers", () => {
  it.effect("accept responses of platform's client", () =>
    watched(
      Effect.gen(function* () {
        const response = yield* whole(HttpClient.get("/"))
        expect(response).toHaveStatus(201)
        expect(response).not.toHaveStatus(200)
        expect(response).toHaveHeader("X-A")
        expect(response).toHaveHeader("x-a", /^b$/)
        expect(response).not.toHaveHeader("x-a", "c")
        expect(response).toHaveBody('{"ok":true,"n":1}')
        expect(response).toHaveJson({ n: expect.any(Number), ok: true })
      }).pipe(Effect.provide(TestServer.serve(app)))
    )
  )

  it("accept raw messages as text or bytes, and raw header lists", () => {
    expect(wire).toHaveStatus(200)
    expect(wire).toHaveHeader("a", "1, 2")
    expect(new TextEncoder().encode(wire)).toHaveJson({ b: 3 })
    expect({ rawHeaders: ["X-A", "1", "x-a", "2"] }).toHaveHeader("x-a", "1, 2")
    expect({ body: Uint8Array.of(104, 105) }).toHaveBody("hi")
    expect(wire).toMatchWire(wire)
    expect(wire).toMatchWire(wire.replace("now", "then"), { ignore: ["date"] })
    expect(wire).not.toMatchWire(wire.replace("now", "then"))
    // Lines of a body are compared even if they look like ignored fields.
    expect("HTTP/1.1 200 OK\r\n\r\nDate: a\r\n").not.toMatchWire("HTTP/1.1 200 OK\r\n\r\nDate: b\r\n", {
      ignore: ["date"]
    })
  })

  it("show the received message when they fail", () => {
    expect(() => expect(wire).toHaveStatus(404)).toThrow(
      /expected status 404, received\n {2}status 200\n {2}date: now/
    )
    expect(() => expect(wire).toHaveHeader("b", "1")).toThrow('expected a header "b" with "1", received')
    expect(() => expect(wire).toHaveBody("x")).toThrow('body: "{"b":3}"')
    expect(() => expect("HTTP/1.1 200 OK\r\n\r\n").toHaveJson({})).toThrow("expected a body of JSON")
    expect(() => expect(wire).toHaveJson({ b: 4 })).toThrow("the JSON of the body differs")
    expect(() => expect(wire).toMatchWire(wire.replace("7", "8"), { ignore: ["date"] })).toThrow(
      "wire text differs (ignored: date)\n" +
        "    HTTP/1.1 200 OK\\r\\n\n" +
        "  - Content-Length: 8\\r\\n\n" +
        "  + Content-Length: 7\\r\\n\n" +
        "                    ^ offset 33: expected 0x38, received 0x37"
    )
  })
})
