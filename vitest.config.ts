import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

// Files of a project share their processes (`isolate: false`): loading Effect anew for each takes longer than
// most of them. No test may change what is global. Those that look at all of their process, or take globals
// away, have one of their own.
const alone = [
  "packages/node/test/http/fakeTime.test.ts",
  "packages/testing/test/time/closings.test.ts",
  "packages/testing/test/time/fakeTimers.test.ts",
  "packages/testing/test/time/quiet.test.ts",
  "packages/testing/test/time/simulationElsewhere.test.ts",
  "packages/node/test/surface/module.test.ts",
  "packages/node/test/webSocket/framing.test.ts"
]

// Tests that run where nothing of Effect resolves: the rooms below the driver do not need it.
const withoutEffect = [
  "packages/core/test/connection/client/**/*.test.ts",
  "packages/core/test/connection/exploration.test.ts"
]

const refuseEffect = {
  name: "without-effect",
  enforce: "pre" as const,
  resolveId(id: string, from: string | undefined) {
    if (/^@?effect\//.test(`${id}/`)) throw new Error(`${id} does not resolve here; ${from} asks for it`)
  }
}

// Other versions of Effect than those that are installed (scripts/peers.mjs): `HTTPFX_PEERS` names the
// folder. Packages there find each other by themselves.
const peers = process.env["HTTPFX_PEERS"]
const otherEffect = {
  name: "other-effect",
  enforce: "pre" as const,
  resolveId(this: Resolving, id: string) {
    return /^(@effect|effect)(\/|$)/.test(id)
      ? this.resolve(id, `${peers}/package.json`, { skipSelf: true })
      : null
  }
}
interface Resolving {
  resolve(id: string, from: string, options: { readonly skipSelf: boolean }): unknown
}

const patience = 600_000

const source = (path: string) => fileURLToPath(new URL(`packages/${path}`, import.meta.url))

export default defineConfig({
  plugins: peers === undefined ? [] : [otherEffect],
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
    maxConcurrency: 2,
    // For a test that hangs. No other limit decides by the clock on the wall, so that a slow machine fails
    // nothing.
    testTimeout: patience,
    hookTimeout: patience,
    isolate: false,
    projects: [
      {
        extends: true,
        test: {
          name: "packages",
          include: ["packages/*/test/**/*.test.ts"],
          exclude: [...alone, ...withoutEffect]
        }
      },
      {
        extends: true,
        plugins: [refuseEffect],
        test: { name: "without Effect", include: withoutEffect }
      },
      { extends: true, test: { name: "repository", include: ["test/**/*.test.ts"] } },
      { extends: true, test: { name: "repository: examples", include: ["examples/tests/**/*.test.ts"] } },
      ...alone.map((file) => ({ extends: true as const, test: { name: file, include: [file] } }))
    ]
  }
})
