// Negotiation of a content coding (RFC 9110 §12.5.3).
import { describe, expect, it } from "vitest"
import { choose } from "../../src/content/acceptEncoding.js"

const none = "-"
const refused = "refused"

it.each<[field: string | undefined, chosen: string, identity?: string]>([
  // No preference was stated: the content stays as it is.
  [undefined, none],
  ["", none],
  ["identity", none],
  ["deflate, compress", none],
  // The first of those with the highest weight.
  ["gzip", "gzip"],
  ["gzip, br", "br"],
  ["gzip, deflate, br, zstd", "br"],
  ["zstd, gzip", "zstd"],
  ["gzip;q=0.9, br;q=0.8", "gzip"],
  ["br;q=0.001", "br"],
  ["gzip;q=1.000,br;q=0.999", "gzip"],
  ["br;q=0, gzip", "gzip"],
  ["br;q=0, gzip;q=0.0, zstd;q=0.000", none],
  // Names in any case, with the old name of gzip, and white space where the grammar has it.
  ["GZIP", "gzip"],
  ["x-gzip", "gzip"],
  ["X-GZip;Q=0.5", "gzip"],
  ["gzip ; q=0.5", "gzip"],
  [" ,\tgzip\t;\tq=1 ,, ", "gzip"],
  // `*` is any coding that has no element of its own.
  ["*", "br"],
  ["*;q=0.1", "br"],
  ["br;q=0, *", "zstd"],
  ["gzip, *;q=0", "gzip", refused],
  ["*;q=0", none, refused],
  ["*;q=0, identity", none],
  // `identity` with the higher weight, and refused.
  ["gzip;q=0.5, identity", none],
  ["gzip;q=0.5, identity;q=0.4", "gzip"],
  ["gzip;q=0.5, identity;q=0.5", "gzip"],
  ["gzip, identity;q=0", "gzip", refused],
  ["identity;q=0", none, refused],
  ["identity;q=0, deflate", none, refused],
  // Elements that the grammar does not have are ignored, and the others hold.
  ["gzip;q=2, br;q=-1", none],
  ["gzip;q=0.1234, zstd", "zstd"],
  ["gzip;q=1.001", none],
  ["gzip;q=, br", "br"],
  ["gzip;q=.5, br;q=0.4", "br"],
  ["gzip;level=9, br", "br"],
  ["gzip br", none],
  ["gz ip, br", "br"],
  ["gzip;q=0.2;q=1", none],
  // Of repeated elements the first counts.
  ["gzip;q=0, gzip", none],
  ["gzip;q=0.5, br;q=0.4, gzip;q=0", "gzip"]
])("%j", (field, chosen, identity = "") => {
  const { coding = none, identityRefused } = choose(field, ["br", "zstd", "gzip"])
  expect([coding, identityRefused ? refused : ""]).toEqual([chosen, identity])
})

describe("hostile fields", () => {
  it("take time in proportion to their length", () => {
    const long = `${"gzip;q=0.1 ".repeat(100_000)},${" \t".repeat(100_000)}x,${",".repeat(100_000)}br`
    expect(choose(long, ["br", "gzip"]).coding).toBe("br")
  })
  it("may name members of objects", () => {
    expect(choose("__proto__, constructor;q=0, toString", ["gzip"])).toEqual({
      coding: undefined,
      identityRefused: false
    })
  })
})
