// These tests run where nothing of Effect resolves (vitest.config.ts), so that it has no part in what they
// show.
import { expect, it } from "vitest"

it.each(["effect", "effect/Effect", "@effect/platform", "@httpfx/core"])("%s does not load", async (name) => {
  await expect(import(name)).rejects.toThrow("does not resolve here")
})
