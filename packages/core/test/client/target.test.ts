/**
 * The client's URL parser agrees with `new URL`. Tests internal functions, because through the public API a
 * wrong shortcut would show only if a server compared the right byte.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as fc from "fast-check"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Client } from "@httpfx/core"
import { Body, isHost, RequestParser } from "@httpfx/core/wire"
import { MemoryNetwork, TestServer } from "@httpfx/testing"
import {
  fromNormal,
  fromParts,
  fromString,
  fromUrl,
  type InvalidTarget,
  type Target
} from "../../src/internal/client/target.js"

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

  it("takes the fast path for plain URLs", () => {
    assert.isDefined(fromNormal("http://127.0.0.1:3000/users/12?full=1&x=a.b"))
    assert.isUndefined(fromNormal("http://a/../b"))
  })

  it("agrees with new URL, for any text", () => {
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

  /** Parses a request with this target. Returns the target, or the reason of the refusal. */
  const read = (target: string, host: string): string => {
    let seen = ""
    const parser = new RequestParser({
      head: (head) => {
        seen = head.target
        return Body.Read
      },
      data: () => {},
      complete: () => {}
    })
    parser.execute(Buffer.from(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, "latin1"))
    return parser.refusal?.reason ?? seen
  }

  // All printable ASCII characters, more often those that grammars treat differently, and some other
  // characters.
  const character = fc.oneof(
    fc.constantFrom(...Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))),
    fc.constantFrom(..."\"#%'<>?[\\]^`{|}/.:@", "\u00fc", "\u20ac", "\u{1f600}", "\ud800")
  )
  const text = fc.array(character, { maxLength: 30 }).map((characters) => characters.join(""))

  it("is accepted by a server with default options, for any URL", () => {
    const hosts = fc.oneof(
      fc.constantFrom("a", "a:8080", "[::1]", "127.1", "a_b", "\u00fc.example"),
      fc.array(character, { minLength: 1, maxLength: 4 }).map((characters) => characters.join(""))
    )
    let taken = 0
    const sends = (host: string, rest: string) => {
      const target = fromString(`http://${host}/${rest}`)
      if ("_tag" in target) return
      taken++
      assert.strictEqual(read(target.path, target.host), target.path)
      // A request to a proxy has the target in absolute form.
      const absolute = `http://${target.host}${target.path}`
      assert.strictEqual(read(absolute, target.host), absolute)
    }
    fc.assert(fc.property(hosts, text, sends), { numRuns: 3_000 })
    assert.isAbove(taken, 1_000)
  })

  it("is refused if the URL standard allows a host that RFC 3986 does not", () => {
    for (const host of ['a"b', "a`b", "a{b}"]) {
      assert.isFalse(isHost(new URL(`http://${host}/`).host))
      assert.propertyVal(fromString(`http://${host}/`), "_tag", "InvalidTarget")
    }
  })

  it("of a host and any path is accepted by a server with default options, encoded like URL does", () => {
    const sends = (rest: string) => {
      const { path } = fromParts({ host: "a", path: `/${rest}` }) as Target
      assert.strictEqual(read(path, "a"), path)
      const url = new URL("http://a")
      const at = rest.indexOf("?")
      url.pathname = `/x${at < 0 ? rest : rest.slice(0, at)}`
      if (at >= 0) url.search = rest.slice(at)
      // `fromParts` does not normalise. So compare only paths that `URL` would not normalise either.
      if (/[\\']|\.|%2e/i.test(rest)) return
      const encoded = url.pathname.slice(2) + (url.search === "" && at >= 0 ? "?" : url.search)
      assert.strictEqual(path.slice(1), encoded)
    }
    fc.assert(fc.property(text, sends), { numRuns: 3_000 })
  })

  const hostsOfParts: Readonly<Record<string, string | undefined>> = {
    a: "a:8080",
    "a_b.example": "a_b.example:8080",
    "127.0.0.1": "127.0.0.1:8080",
    "::1": "[::1]:8080",
    // The zone is not sent (RFC 6874 §4).
    "fe80::1%eth0": "[fe80::1]:8080",
    // The address that a server reports has brackets.
    "[::1]": "[::1]:8080",
    "": undefined,
    "[::1": undefined,
    "::1]": undefined,
    "a:80": undefined,
    "a b": undefined,
    "a/b": undefined,
    "a?b": undefined,
    "u@a": undefined,
    "u:pAss@a": undefined,
    "a%zz": undefined,
    "a\r\nX: y": undefined,
    "\u00fc.example": undefined
  }
  it.effect.each(Object.entries(hostsOfParts))("of the host %j given as parts", ([host, expected]) =>
    Effect.gen(function* () {
      const target = fromParts({ host, port: 8080 })
      if (expected === undefined) {
        const request = { url: { host, port: 8080, path: "/x" } }
        const error = yield* Effect.flip(Client.request(request))
        assert.strictEqual(error._tag, "InvalidUrl")
        assert.notMatch(`${error.message} ${JSON.stringify(error)}`, /pAss|object Object/)
      } else {
        assert.strictEqual((target as Target).host, expected)
        assert.strictEqual(read("/", expected), "/")
      }
    }).pipe(Effect.provide(Client.layer), Effect.provide(MemoryNetwork.layer()))
  )

  it("of any host given as parts is accepted by a server with default options, or refused", () => {
    const sends = (host: string) => {
      const target = fromParts({ host })
      if (!("_tag" in target)) assert.strictEqual(read("/", target.host), "/")
    }
    fc.assert(fc.property(text, sends), { numRuns: 3_000 })
  })

  it.effect("reaches the handler as new URL parses it", () =>
    Effect.gen(function* () {
      for (const text of [
        "/?filter[state]=x",
        "/?ids[]=1",
        "/a|b/^/[c]",
        '/?q={"a":1}',
        "/?a=`\\|^",
        "/{id}/\u00fc?\u20ac",
        "/100%?50%"
      ]) {
        const { pathname, search } = new URL(text, "http://server.test")
        const url = `http://server.test${text}`
        const ours = yield* Effect.flatMap(Client.request({ url }), (response) => response.text)
        const theirs = yield* Effect.flatMap(HttpClient.get(url), (response) => response.text)
        assert.deepStrictEqual([ours, theirs], [pathname + search, pathname + search])
      }
    }).pipe(
      Effect.provide(
        TestServer.serve(
          Effect.map(HttpServerRequest.HttpServerRequest, ({ url }) => HttpServerResponse.text(url))
        )
      )
    )
  )

  it("decodes credentials (RFC 7617)", () => {
    const target = fromString("http://J%C3%BCrgen:p%40ss@a/") as Target
    assert.strictEqual(target.authorization, `Basic ${Buffer.from("Jürgen:p@ss", "utf8").toString("base64")}`)
  })
})
