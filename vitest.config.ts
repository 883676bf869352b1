import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

// Loading Effect anew for each file takes longer than most files. These share a process; none of them changes what is global.
const shared = ["packages/core/test/**/*.test.ts", "packages/testing/test/**/*.test.ts"]
// It looks at every fiber of its process.
const alone = ["packages/testing/test/Quiet.test.ts"]

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
    maxWorkers: 2,
    minWorkers: 1,
    testTimeout: 20_000,
    projects: [
      {
        extends: true,
        test: {
          name: "shared",
          include: shared,
          exclude: alone,
          poolOptions: { forks: { isolate: false } }
        }
      },
      {
        extends: true,
        test: {
          name: "alone",
          include: [...alone, "packages/node/test/**/*.test.ts", "test/**/*.test.ts"]
        }
      }
    ]
  }
})
