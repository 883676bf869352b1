/** BunNetwork on a runtime other than Bun. `npm run test:runtimes` runs the network battery in Bun. */
import { it } from "@effect/vitest"
import { Network } from "@httpfx/core"
import * as BunNetwork from "@httpfx/node/BunNetwork"
import * as Effect from "effect/Effect"
import { expect } from "vitest"

it.effect("fails with NotBun if the global Bun is missing", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(Effect.provide(Network.Network, BunNetwork.layer))
    expect([error._tag, error.message]).toEqual([
      "NotBun",
      "BunNetwork needs the global `Bun`; use NodeNetwork on other runtimes"
    ])
  })
)
