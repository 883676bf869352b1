// The choice of a proxy, by environment variables and by the rules of `NO_PROXY`.
import { assert, describe, it } from "@effect/vitest"
import { Proxy } from "@httpfx/core"

describe("Proxy.fromEnvironment", () => {
  it("lower case before upper case, ALL_PROXY for the rest, empty means none", () => {
    assert.deepStrictEqual(Proxy.fromEnvironment({ http_proxy: "a", HTTP_PROXY: "b", HTTPS_PROXY: "c" }), {
      http: "a",
      https: "c",
      noProxy: undefined
    })
    assert.deepStrictEqual(Proxy.fromEnvironment({ ALL_PROXY: "a", https_proxy: "b", NO_PROXY: "x" }), {
      http: "a",
      https: "b",
      noProxy: "x"
    })
    assert.deepStrictEqual(Proxy.fromEnvironment({ http_proxy: "", HTTP_PROXY: "b" }), {
      http: undefined,
      https: undefined,
      noProxy: undefined
    })
  })

  it("HTTP_PROXY of a CGI program is a field of its request", () => {
    assert.isUndefined(Proxy.fromEnvironment({ HTTP_PROXY: "evil", REQUEST_METHOD: "GET" }).http)
  })
})

describe("Proxy.isDirect", () => {
  const cases: ReadonlyArray<readonly [noProxy: string, host: string, port: number, direct: boolean]> = [
    ["", "a.test", 80, false],
    ["*", "a.test", 80, true],
    ["a.test", "a.test", 80, true],
    ["A.Test", "a.TEST.", 80, true],
    ["a.test", "b.a.test", 80, true],
    [".a.test", "a.test", 80, true],
    ["a.test", "ba.test", 80, false],
    ["b.a.test", "a.test", 80, false],
    ["x, a.test", "a.test", 80, true],
    ["x a.test", "a.test", 80, true],
    ["a.test:81", "a.test", 80, false],
    ["a.test:81", "a.test", 81, true],
    ["*.a.test", "b.a.test", 80, false],
    ["127.0.0.1", "127.0.0.1", 80, true],
    ["0.0.1", "127.0.0.1", 80, false],
    ["10.0.0.0/8", "10.255.3.4", 80, true],
    ["10.0.0.0/8", "11.0.0.1", 80, false],
    ["192.168.4.0/22", "192.168.7.255", 80, true],
    ["192.168.4.0/22", "192.168.8.0", 80, false],
    ["10.0.0.0/99", "10.0.0.0", 80, false],
    ["::1", "::1", 80, true],
    ["[::1]", "0:0:0:0:0:0:0:1", 80, true],
    ["[::1]:81", "::1", 80, false],
    ["fd00::/8", "fdff::1", 80, true],
    ["fd00::/8", "fe80::1", 80, false],
    ["::ffff:10.0.0.1", "::ffff:a00:1", 80, true],
    ["10.0.0.0/8", "a.test", 80, false]
  ]
  it.each(cases)("%j: %s:%d is reached directly: %s", (noProxy, host, port, direct) => {
    assert.strictEqual(Proxy.isDirect(noProxy, { host, port }), direct)
  })
})
