// The table of compressible media types, compared with mime-db, a database of registered types.
import { expect, it } from "vitest"
import database from "mime-db"
import { NodeCompression } from "@httpfx/node"

// This type says nothing about its content, which in most cases is compressed already.
const exceptions = new Set(["application/octet-stream"])

it("agrees with mime-db", () => {
  const wrong = Object.entries(database).filter(
    ([type, { compressible }]) =>
      compressible !== undefined &&
      !exceptions.has(type) &&
      NodeCompression.isCompressible(type) !== compressible
  )
  expect(wrong).toEqual([])
})

it.each([
  ["text/html; charset=utf-8", true],
  ["Text/HTML", true],
  ["text/event-stream", true],
  ["application/json", true],
  ["application/problem+json;charset=utf-8", true],
  ["application/x-ndjson", true],
  ["image/svg+xml", true],
  ["application/octet-stream", false],
  ["image/png", false],
  ["image/jpeg", false],
  ["video/mp4", false],
  ["application/zip", false],
  ["application/gzip", false],
  ["font/woff2", false],
  ["application/jsonp-not", false],
  ["x/text/html", false],
  ["", false],
  [";", false]
])("%s: %s", (type, expected) => {
  expect(NodeCompression.isCompressible(type)).toBe(expected)
})
