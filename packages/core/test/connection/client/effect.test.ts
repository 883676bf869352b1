// vitest.config.ts makes every import of Effect fail in this folder. So these tests show that `connection/`
// works without Effect.
import { expect, it } from "vitest"

it.each(["effect", "effect/Effect", "@effect/platform", "@httpfx/core"])("%s does not load", async (name) => {
  await expect(import(name)).rejects.toThrow("does not resolve here")
})
