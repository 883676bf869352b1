import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const source = (path: string) => fileURLToPath(new URL(`packages/${path}`, import.meta.url))

export default defineConfig({
  resolve: {
    // Tests run the sources; a built copy would be a second instance of every class.
    alias: [
      { find: /^@httpfx\/(core|node|testing)$/, replacement: source("$1/src/index.ts") },
      { find: /^@httpfx\/core\/(wire|pool)$/, replacement: source("core/src/$1/index.ts") },
      { find: /^@httpfx\/(core|node|testing)\/(.+)$/, replacement: source("$1/src/$2.ts") }
    ]
  },
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    maxWorkers: 2,
    minWorkers: 1,
    testTimeout: 20_000
  }
})
