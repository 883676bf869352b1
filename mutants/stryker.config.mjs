// Runs Stryker on wire/ and pool/. Each mutant is tested by those tests of packages/core/test/wire and pool
// that cover it.
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

export default {
  testRunner: "vitest",
  plugins: ["@stryker-mutator/vitest-runner", fileURLToPath(new URL("told.mjs", import.meta.url))],
  vitest: { configFile: "mutants/vitest.wire.config.ts", related: false },
  coverageAnalysis: "perTest",
  // A mutant that hangs counts as found. The limits are long enough for slow mutants on a busy machine.
  timeoutMS: 30_000,
  timeoutFactor: 4,
  ignorePatterns: ["**/dist", "/reference"],
  tempDirName: join(tmpdir(), "httpfx-stryker"),
  reporters: ["told"],
  thresholds: { high: 90, low: 85, break: null }
}
