/**
 * Runs all tables in a process that cannot load Effect, and prints the results: `node --import
 * ./packages/core/test/support/withoutEffect/register.mjs packages/core/test/connection/main.ts`
 */
import { createRequire } from "node:module"
import { tables } from "./tables.js"
import type { Results } from "./table.js"

const reason = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error)

const failure = (run: () => void): string | null => {
  try {
    run()
    return null
  } catch (error) {
    return reason(error)
  }
}

const require = createRequire(import.meta.url)
const refused: Record<string, string> = {}
for (const name of ["effect", "effect/Effect", "@effect/platform", "../../src/index.js"]) {
  await import(name).catch((error: unknown) => (refused[`import ${name}`] = reason(error)))
  try {
    require(name)
  } catch (error) {
    refused[`require ${name}`] = reason(error)
  }
}

const results: Results = {
  modules: refused,
  tables: Object.fromEntries(
    tables.map(({ name, rows }) => [
      name,
      Object.fromEntries(rows.map((row) => [row.name, failure(row.run)]))
    ])
  )
}
console.log(JSON.stringify(results))
