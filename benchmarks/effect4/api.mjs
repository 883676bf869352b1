// The API of platform/api.mjs, with schemas of Effect 4.
import * as Effect from "effect/Effect"
import { HttpRouter } from "effect/http"
import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup } from "effect/http-api"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

const User = Schema.Struct({
  id: Schema.Number,
  name: Schema.NonEmptyString,
  tags: Schema.Array(Schema.String)
})
const api = HttpApi.make("api").add(
  HttpApiGroup.make("users").add(
    HttpApiEndpoint.put("update", "/users/:id", {
      params: { id: Schema.NumberFromString },
      payload: Schema.Struct({ name: Schema.NonEmptyString, tags: Schema.Array(Schema.String) }),
      success: User
    })
  )
)
const users = HttpApiBuilder.group(api, "users", (handlers) =>
  handlers.handle("update", ({ params, payload }) => Effect.succeed({ id: params.id, ...payload }))
)

export const serving = HttpRouter.serve(Layer.provide(HttpApiBuilder.layer(api), users), {
  disableListenLog: true,
  disableLogger: true
})
