/** Reads the project's documents, for tests that compare them with the code. */
import { assert } from "@effect/vitest"
import { readFileSync } from "node:fs"

export const documentText = (document: string): string =>
  readFileSync(new URL(`../../../../docs/${document}`, import.meta.url), "utf8")

/** Returns the cells of the table under a heading, by row. */
export const tableIn = (document: string, heading: string): ReadonlyArray<ReadonlyArray<string>> => {
  const text = documentText(document)
  const start = text.indexOf(`\n## ${heading}\n`)
  assert.isAtLeast(start, 0, heading)
  const end = text.indexOf("\n## ", start + 1)
  return text
    .slice(start, end < 0 ? undefined : end)
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2)
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim())
    )
}

export const unquote = (cell: string | undefined): string => (cell ?? "").replaceAll("`", "")
