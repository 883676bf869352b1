/**
 * Runs test files of a checkout of Effect that has no installed packages. Their imports resolve to our
 * packages. `PLATFORM_SUITE` names the checkout and the layers.
 */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const { checkout, layers, origin } = JSON.parse(process.env["PLATFORM_SUITE"]!) as {
  readonly checkout: string
  readonly layers: "ours" | "theirs"
  readonly origin: string
}
const exchanged = new Map([
  ["@effect/platform-node", here("layers.ts")],
  ["@effect/platform-node/NodeHttpClient", here("../../packages/node/src/NodeHttpClient.ts")],
  ["@effect/platform-node/NodeHttpServer", here("../../packages/node/src/NodeHttpServer.ts")]
])
const sites: ReadonlyArray<readonly [site: string, path: string]> = [
  ["https://www.google.com/", "/google/"],
  ["http://google.com/", "/moved/"],
  ["https://jsonplaceholder.typicode.com", ""]
]
const moved = (code: string, [site, path]: (typeof sites)[number]) => code.replaceAll(site, origin + path)
const setup = join(checkout, "vitest.setup.ts")

export default defineConfig({
  root: join(checkout, "packages/platform-node"),
  plugins: [
    {
      name: "from-here",
      enforce: "pre",
      transform: (code, id) => (id.startsWith(checkout) ? sites.reduce(moved, code) : undefined),
      async resolveId(source, importer) {
        if (importer === undefined || !importer.startsWith(checkout) || /^[./]|^node:/.test(source))
          return undefined
        const ours = layers === "ours" ? exchanged.get(source) : undefined
        return ours ?? (await this.resolve(source, here("layers.ts"), { skipSelf: true }))
      }
    }
  ],
  resolve: {
    alias: [
      { find: /^@httpfx\/([^/]+)$/, replacement: here("../../packages/$1/src/index.ts") },
      { find: /^@httpfx\/([^/]+)\/(wire|pool)$/, replacement: here("../../packages/$1/src/$2/index.ts") },
      { find: /^@httpfx\/([^/]+)\/(.+)$/, replacement: here("../../packages/$1/src/$2.ts") }
    ]
  },
  server: { fs: { strict: false } },
  test: {
    // Like the checkout's own configuration, but with one test at a time and longer timeouts, because some
    // tests count events within two seconds.
    setupFiles: existsSync(setup) ? [setup] : [],
    fakeTimers: { toFake: undefined },
    sequence: { concurrent: false },
    testTimeout: 60_000,
    // Retry with both sets of layers, because some tests count events within two seconds or a tenth of one,
    // which fails on a busy machine.
    retry: 2,
    include: ["test/**/*.test.ts"]
  }
})
