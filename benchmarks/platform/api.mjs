// An `HttpApi` with schemas for path, payload and response.
import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup } from "@effect/platform"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

const User = Schema.Struct({
  id: Schema.Number,
  name: Schema.NonEmptyString,
  tags: Schema.Array(Schema.String)
})
const api = HttpApi.make("api").add(
  HttpApiGroup.make("users").add(
    HttpApiEndpoint.put("update", "/users/:id")
      .setPath(Schema.Struct({ id: Schema.NumberFromString }))
      .setPayload(Schema.Struct({ name: Schema.NonEmptyString, tags: Schema.Array(Schema.String) }))
      .addSuccess(User)
  )
)
const users = HttpApiBuilder.group(api, "users", (handlers) =>
  handlers.handle("update", ({ path, payload }) => Effect.succeed({ id: path.id, ...payload }))
)

/** The API and its handlers. */
export const live = Layer.provide(HttpApiBuilder.api(api), users)

export const serving = Layer.provide(HttpApiBuilder.serve(), live)
