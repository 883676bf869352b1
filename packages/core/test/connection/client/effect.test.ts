// These tests run where no module of Effect resolves (vitest.config.ts), so they show the behaviour without
// it.
import { expect, it } from "vitest"

it.each(["effect", "effect/Effect", "@effect/platform", "@httpfx/core"])("%s does not load", async (name) => {
  await expect(import(name)).rejects.toThrow("does not resolve here")
})
