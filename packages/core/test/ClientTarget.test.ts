/**
 * The client's own reading of URLs ends where `new URL` does. Reaches inside, because a wrong shortcut would be seen
 * from outside only by a server that happens to look at the right byte.
 */
import * as fc from "fast-check"
import { assert, describe, it } from "@effect/vitest"
import {
  fromNormal,
  fromString,
  fromUrl,
  type InvalidTarget,
  type Target
} from "../src/internal/clientTarget.js"

const byUrl = (text: string): Target | InvalidTarget | "invalid" => {
  try {
    return fromUrl(new URL(text))
  } catch {
    return "invalid"
  }
}

const same = (text: string): void => {
  const ours = fromString(text)
  const theirs = byUrl(text)
  if (theirs === "invalid") assert.propertyVal(ours, "_tag", "InvalidTarget")
  else assert.deepStrictEqual(ours, theirs)
}

describe("target of a URL", () => {
  const texts = [
    "http://a/",
    "http://a",
    "http://a:80/x",
    "http://A.example:8080/x?y=z",
    "https://a:443/",
    "http://127.1/x",
    "http://0x7f.1:81/",
    "http://[::1]:3000/a/b",
    "http://a/b/../c",
    "http://a/b/%2E%2e/c",
    "http://a/./b/.",
    "http://a/.well-known/x",
    "http://a//b//",
    "http://a/b?c=d'e",
    "http://a/b?c=../d",
    "http://a/b#frag",
    "http://a/b c",
    "http://a/ü?ü",
    "http://a\\b\\c",
    "http://user:p%40ss@a/b",
    "http://a:/x",
    "http://a:99999/x",
    "http://a..b/x",
    "http://-/x",
    "ftp://a/b",
    "//a/b",
    "/b",
    "",
    "http://",
    "HTTP://a/b"
  ]
  for (const text of texts) it(JSON.stringify(text), () => same(text))

  it("takes the short way for plain URLs", () => {
    assert.isDefined(fromNormal("http://127.0.0.1:3000/users/12?full=1&x=a.b"))
    assert.isUndefined(fromNormal("http://a/../b"))
  })

  it("ends where new URL does, for any text", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        "/",
        ".",
        "..",
        "%2e",
        "%2E",
        "%",
        "?",
        "#",
        ":",
        "@",
        "\\",
        "'",
        "|",
        "^",
        "a",
        "Z",
        "9"
      ),
      fc.string({ maxLength: 3 }),
      fc.webPath()
    )
    const url = fc
      .tuple(
        fc.constantFrom("http://", "https://", "http:/", "http:"),
        fc.constantFrom(
          "a",
          "a.b",
          "127.0.0.1",
          "1.2",
          "0x10",
          "a:8080",
          "a:80",
          "[::1]",
          "xn--a",
          "a-b.",
          "A"
        ),
        fc.array(piece, { maxLength: 8 })
      )
      .map(([scheme, host, rest]) => scheme + host + rest.join(""))
    fc.assert(fc.property(url, same), { numRuns: 3_000 })
  })

  it("decodes credentials (RFC 7617)", () => {
    const target = fromString("http://J%C3%BCrgen:p%40ss@a/") as Target
    assert.strictEqual(target.authorization, `Basic ${Buffer.from("Jürgen:p@ss", "utf8").toString("base64")}`)
  })
})
