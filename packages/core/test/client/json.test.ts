// Reading the body of a response as JSON.
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import { Client } from "@httpfx/core"
import { MemoryNetwork, Origin } from "@httpfx/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

const world = Layer.provideMerge(Client.layer, MemoryNetwork.layer())
const User = Schema.Struct({ name: Schema.String })

const answered = (text: string) =>
  Effect.gen(function* () {
    yield* Origin.make({ host: "a.test" }, { reply: HttpServerResponse.text(text) })
    return yield* Client.request({ url: "http://a.test/" })
  })

const values: ReadonlyArray<[text: string, value: unknown]> = [
  ['{"name":"Ada"}', { name: "Ada" }],
  ["[1, null]", [1, null]],
  [' "tea" ', "tea"],
  ["", null]
]

describe("json", () => {
  for (const [text, value] of values)
    it.scoped(`of ${JSON.stringify(text)}`, () =>
      Effect.gen(function* () {
        const response = yield* answered(text)
        assert.deepStrictEqual(yield* response.json, value)
        assert.deepStrictEqual(yield* response.json, value)
      }).pipe(Effect.provide(world))
    )

  for (const text of ["{", "tea", "1 2", "undefined"])
    it.scoped(`${JSON.stringify(text)} is not JSON`, () =>
      Effect.gen(function* () {
        const response = yield* answered(text)
        assert.strictEqual((yield* Effect.flip(response.json))._tag, "InvalidJson")
        const decoded = Client.schemaBodyJson(User)(response)
        assert.strictEqual((yield* Effect.flip(decoded))._tag, "InvalidJson")
      }).pipe(Effect.provide(world))
    )

  it.scoped("by a schema", () =>
    Effect.gen(function* () {
      const response = yield* answered('{"name":"Ada"}')
      assert.deepStrictEqual(yield* Client.schemaBodyJson(User)(response), { name: "Ada" })
      const other = Client.schemaBodyJson(Schema.Number)(response)
      assert.strictEqual((yield* Effect.flip(other))._tag, "ParseError")
    }).pipe(Effect.provide(world))
  )
})
