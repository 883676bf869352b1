// Stryker over wire/ and pool/, each mutant against the tests of packages/core/test/wire and pool that reach it.
import { tmpdir } from "node:os"
import { join } from "node:path"

export default {
  testRunner: "vitest",
  plugins: ["@stryker-mutator/vitest-runner"],
  vitest: { configFile: "mutants/vitest.wire.config.ts", related: false },
  coverageAnalysis: "perTest",
  // What hangs is found; what is only slow, on a busy machine, is not.
  timeoutMS: 30_000,
  timeoutFactor: 4,
  ignorePatterns: ["**/dist", "/reference", "/examples", "/benchmarks", "/integration"],
  tempDirName: join(tmpdir(), "httpfx-stryker"),
  reporters: ["clear-text", "json", "progress-append-only"],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  jsonReporter: { fileName: join(tmpdir(), "httpfx-stryker.json") },
  thresholds: { high: 90, low: 85, break: 85 }
}
