// Negotiation of a content coding from `Accept-Encoding` (RFC 9110 §12.5.3).
import { describe, expect, it } from "vitest"
import { choose } from "../../src/content/acceptEncoding.js"

const none = "-"
const refused = "refused"

it.each<[field: string | undefined, chosen: string, identity?: string]>([
  // The field is missing or names none of our codings, so the content stays as it is.
  [undefined, none],
  ["", none],
  ["identity", none],
  ["deflate, compress", none],
  // The first of our codings that has the highest weight is chosen.
  ["gzip", "gzip"],
  ["gzip, br", "br"],
  ["gzip, deflate, br, zstd", "br"],
  ["zstd, gzip", "zstd"],
  ["gzip;q=0.9, br;q=0.8", "gzip"],
  ["br;q=0.001", "br"],
  ["gzip;q=1.000,br;q=0.999", "gzip"],
  ["br;q=0, gzip", "gzip"],
  ["br;q=0, gzip;q=0.0, zstd;q=0.000", none],
  // Names are case-insensitive, `x-gzip` means gzip, and white space is allowed where the grammar has it.
  ["GZIP", "gzip"],
  ["x-gzip", "gzip"],
  ["X-GZip;Q=0.5", "gzip"],
  ["gzip ; q=0.5", "gzip"],
  [" ,\tgzip\t;\tq=1 ,, ", "gzip"],
  // `*` matches every coding that the field does not name.
  ["*", "br"],
  ["*;q=0.1", "br"],
  ["br;q=0, *", "zstd"],
  ["gzip, *;q=0", "gzip", refused],
  ["*;q=0", none, refused],
  ["*;q=0, identity", none],
  // A coding is used unless `identity` has a higher weight. A weight of 0 refuses `identity`.
  ["gzip;q=0.5, identity", none],
  ["gzip;q=0.5, identity;q=0.4", "gzip"],
  ["gzip;q=0.5, identity;q=0.5", "gzip"],
  ["gzip, identity;q=0", "gzip", refused],
  ["identity;q=0", none, refused],
  ["identity;q=0, deflate", none, refused],
  // Elements that do not match the grammar are ignored. The other elements apply.
  ["gzip;q=2, br;q=-1", none],
  ["gzip;q=0.1234, zstd", "zstd"],
  ["gzip;q=1.001", none],
  ["gzip;q=, br", "br"],
  ["gzip;q=.5, br;q=0.4", "br"],
  ["gzip;level=9, br", "br"],
  ["gzip br", none],
  ["gz ip, br", "br"],
  ["gzip;q=0.2;q=1", none],
  // If a coding is named several times, the first element applies.
  ["gzip;q=0, gzip", none],
  ["gzip;q=0.5, br;q=0.4, gzip;q=0", "gzip"]
])("%j", (field, chosen, identity = "") => {
  const { coding = none, identityRefused } = choose(field, ["br", "zstd", "gzip"])
  expect([coding, identityRefused ? refused : ""]).toEqual([chosen, identity])
})

describe("hostile fields", () => {
  it("take time proportional to their length", () => {
    const long = `${"gzip;q=0.1 ".repeat(100_000)},${" \t".repeat(100_000)}x,${",".repeat(100_000)}br`
    expect(choose(long, ["br", "gzip"]).coding).toBe("br")
  })
  it("may name members of Object.prototype", () => {
    expect(choose("__proto__, constructor;q=0, toString", ["gzip"])).toEqual({
      coding: undefined,
      identityRefused: false
    })
  })
})
