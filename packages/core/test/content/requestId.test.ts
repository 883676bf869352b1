// Ids of requests: the sources of an id, and all places that show the id.
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import { RequestId, Server, type ExchangeOutcome } from "@httpfx/core"
import { MemoryNetwork } from "@httpfx/testing"
import { last, servedOn, talk } from "../support/served.js"

const trace = "0af7651916cd43dd8448eb211c80319c"
const span = "b7ad6b7169203331"
const parent = `00-${trace}-${span}-01`

const router = HttpRouter.empty.pipe(
  HttpRouter.get(
    "/",
    Effect.gen(function* () {
      yield* Effect.log("serving")
      const { attributes } = yield* Effect.orDie(Effect.currentSpan)
      const id = Option.getOrNull(yield* RequestId.current)
      return HttpServerResponse.unsafeJson({ id, span: attributes.get("request.id") })
    })
  ),
  HttpRouter.get("/own", HttpServerResponse.empty({ headers: { "x-request-id": "own" } })),
  HttpRouter.get("/die", Effect.die("a defect"))
)

/** Sends a request with these fields. Returns the response, its id, the ids in log lines, and the outcome. */
const asked = (fields: string, options?: RequestId.Options, path = "/") =>
  Effect.gen(function* () {
    const logged: Array<unknown> = []
    const logger = Logger.make<unknown, void>(({ annotations }) => {
      logged.push(Option.getOrUndefined(HashMap.get(annotations, "requestId")))
    })
    const outcomes: Array<ExchangeOutcome.ExchangeOutcome> = []
    const test = Effect.gen(function* () {
      const server = yield* Server.Server
      yield* server.observe((event) => {
        if (event._tag === "ExchangeEnded") outcomes.push(event.outcome)
      })
      return yield* talk(last(path).replace("\r\n\r\n", `\r\n${fields}\r\n`))
    })
    const answer = yield* servedOn(MemoryNetwork.layer())(
      router as never,
      test,
      {},
      RequestId.middleware(options) as never
    ).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
    const id = /^x-request-id: (.*)\r$/im.exec(answer)?.[1]
    return { answer, id, logged, outcome: outcomes[0] }
  })

const field = (value: string) => `X-Request-Id: ${value}\r\n`
const made = new RegExp(`^(?!0{32}|${trace})[0-9a-f]{32}$`)

describe("The id of a request", () => {
  const cases: ReadonlyArray<readonly [string, string, string | RegExp]> = [
    ["is generated if no field has one", "", made],
    ["is the client's", field("a-b_c.1~2:3+4/5=6@7"), "a-b_c.1~2:3+4/5=6@7"],
    ["has up to 128 characters", field("x".repeat(128)), "x".repeat(128)],
    ["has no more than 128 characters", field("x".repeat(129)), made],
    ["is not empty", field(""), made],
    ["has no space", field("a b"), made],
    ["has no quote", field('a"b'), made],
    ["has no backslash", field("a\\b"), made],
    ["has no tab", field("a\tb"), made],
    ["has no byte beyond ASCII", field("\xe4"), made],
    ["has no percent-encoded escape sequence of a terminal", field("a%1b[31m"), made],
    ["is one value", field("a") + field("b"), made],
    ["comes from traceparent", `traceparent: ${parent}\r\n`, trace],
    ["comes from X-Request-Id rather than traceparent", field("mine") + `traceparent: ${parent}\r\n`, "mine"],
    ["comes from traceparent if the field is malformed", field("a b") + `traceparent: ${parent}\r\n`, trace],
    ["comes from a later version of traceparent", `traceparent: 01-${trace}-${span}-01-more\r\n`, trace],
    ["does not come from traceparent of version ff", `traceparent: ff-${trace}-${span}-01\r\n`, made],
    [
      "does not come from traceparent of version 00 with a longer value",
      `traceparent: ${parent}-more\r\n`,
      made
    ],
    ["does not come from a trace id of zeros", `traceparent: 00-${"0".repeat(32)}-${span}-01\r\n`, made],
    [
      "does not come from traceparent with a parent id of zeros",
      `traceparent: 00-${trace}-${"0".repeat(16)}-01\r\n`,
      made
    ],
    ["does not come from traceparent in upper case", `traceparent: ${parent.toUpperCase()}\r\n`, made],
    [
      "does not come from a trace id that is too short",
      `traceparent: 00-${trace.slice(1)}-${span}-01\r\n`,
      made
    ]
  ]
  it.effect.each(cases)("%s", ([, fields, expected]) =>
    Effect.gen(function* () {
      const { answer, id = "", logged, outcome } = yield* asked(fields)
      if (typeof expected === "string") assert.strictEqual(id, expected)
      else assert.match(id, expected)
      // Response, span, log line and outcome must show the same id.
      assert.include(answer, JSON.stringify({ id, span: id }))
      assert.deepStrictEqual(logged, [id])
      assert.deepStrictEqual(outcome?.annotations, { requestId: id })
    })
  )

  it.effect("differs for each request", () =>
    Effect.gen(function* () {
      const ids = yield* Effect.forEach(Array.from({ length: 20 }), () => asked(""))
      assert.strictEqual(new Set(ids.map(({ id }) => id)).size, 20)
    })
  )

  it.effect("is in the response to a failure, and in its log line", () =>
    Effect.gen(function* () {
      const { answer, id, logged } = yield* asked(field("failed"), {}, "/die")
      assert.match(answer, /^HTTP\/1\.1 500 /)
      assert.strictEqual(id, "failed")
      assert.deepStrictEqual(logged, ["failed"])
    })
  )

  it.effect("is in the response to a request without a route", () =>
    Effect.map(asked(field("lost"), {}, "/nowhere"), ({ answer, id }) => {
      assert.match(answer, /^HTTP\/1\.1 404 /)
      assert.strictEqual(id, "lost")
    })
  )

  it.effect("leaves the field that the app has set", () =>
    Effect.map(asked("", {}, "/own"), ({ id }) => assert.strictEqual(id, "own"))
  )

  it.effect("is always new with `trust: false`, and is made by the function of the options", () =>
    Effect.gen(function* () {
      const { id } = yield* asked(field("mine") + `traceparent: ${parent}\r\n`, {
        trust: false,
        make: Effect.succeed("made")
      })
      assert.strictEqual(id, "made")
    })
  )

  it.effect("uses the field name of the options", () =>
    Effect.map(asked("X-Correlation-Id: other\r\n", { field: "X-Correlation-Id" }), ({ answer, id }) => {
      assert.match(answer, /^x-correlation-id: other\r$/im)
      assert.isUndefined(id)
    })
  )

  const invalid: ReadonlyArray<readonly [keyof RequestId.Options, unknown]> = [
    ["field", "not a token"],
    ["field", 1],
    ["trust", "yes"],
    ["make", () => "x"]
  ]
  it.effect.each(invalid)("refuses the option %s with the value %s", ([option, value]) =>
    Effect.map(asked("", { [option]: value }), ({ answer }) => assert.match(answer, /^HTTP\/1\.1 500 /))
  )
})
