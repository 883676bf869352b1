// Runs only the tests of wire/ and pool/, with the same random values in each run, for `npm run
// mutants:wire`.
import { defineConfig, mergeConfig } from "vitest/config"
import root from "../vitest.config.js"

const { projects: _, ...test } = root.test!

export default mergeConfig(
  { resolve: root.resolve!, test },
  defineConfig({
    test: {
      include: ["packages/core/test/{wire,pool}/**/*.test.ts"],
      setupFiles: ["mutants/seeded.ts"],
      env: {
        HTTPFX_DIFFERENTIAL_CASES: "1000",
        HTTPFX_DIFFERENTIAL_SEED: "1",
        HTTPFX_BOUNDS_SEED: "1",
        HTTPFX_VECTORS_SEED: "1"
      }
    }
  })
)
