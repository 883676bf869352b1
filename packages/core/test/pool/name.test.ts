// The expected names of connections. Tests of packages/node compare names with Node's own agents.
import { assert, describe, it } from "@effect/vitest"
import {
  connectionName,
  secureConnectionName,
  sniName,
  type NameOptions,
  type TlsNameOptions
} from "@httpfx/core/pool"

describe("the name of a connection", () => {
  const cases: ReadonlyArray<readonly [NameOptions | undefined, string]> = [
    [undefined, "localhost::"],
    [{}, "localhost::"],
    [{ host: null, port: null, localAddress: null }, "localhost::"],
    [{ host: "", port: 0, localAddress: "" }, "localhost::"],
    [{ host: "a", port: 80 }, "a:80:"],
    [{ host: "a", port: "80", localAddress: "10.0.0.1" }, "a:80:10.0.0.1"],
    [{ host: "a", family: 4 }, "a:::4"],
    [{ host: "a", family: 6 }, "a:::6"],
    [{ host: "a", family: 0 }, "a::"],
    [{ host: "a", family: "4" }, "a::"],
    [{ host: "a", socketPath: "/run/a" }, "a:::/run/a"],
    [{ host: "a", family: 6, socketPath: "/run/a" }, "a:::6:/run/a"],
    [{ host: "a", socketPath: "" }, "a::"]
  ]
  it.each(cases)("%j: %s", (options, name) => {
    assert.strictEqual(connectionName(options), name)
  })
})

// Returns the part of the name after host, port and local address, which has a colon and a value for each
// option.
const fields = (options: TlsNameOptions & NameOptions): string => {
  const name = secureConnectionName({ host: "a", port: 443, ...options })
  assert.isTrue(name.startsWith("a:443:"))
  return name.slice("a:443:".length)
}
const colons = (count: number) => ":".repeat(count)

describe("the name of a connection with TLS", () => {
  const cases: ReadonlyArray<readonly [TlsNameOptions, string]> = [
    [{}, colons(20)],
    [{ ca: "x" }, `:x${colons(19)}`],
    [{ cert: "x" }, `${colons(2)}x${colons(18)}`],
    [{ clientCertEngine: "x" }, `${colons(3)}x${colons(17)}`],
    [{ ciphers: "x" }, `${colons(4)}x${colons(16)}`],
    [{ key: "x" }, `${colons(5)}x${colons(15)}`],
    [{ pfx: "x" }, `${colons(6)}x${colons(14)}`],
    [{ rejectUnauthorized: true }, `${colons(7)}true${colons(13)}`],
    [{ servername: "x" }, `${colons(8)}x${colons(12)}`],
    [{ minVersion: "x" }, `${colons(9)}x${colons(11)}`],
    [{ maxVersion: "x" }, `${colons(10)}x${colons(10)}`],
    [{ secureProtocol: "x" }, `${colons(11)}x${colons(9)}`],
    [{ crl: "x" }, `${colons(12)}x${colons(8)}`],
    [{ honorCipherOrder: true }, `${colons(13)}true${colons(7)}`],
    [{ ecdhCurve: "x" }, `${colons(14)}x${colons(6)}`],
    [{ dhparam: "x" }, `${colons(15)}x${colons(5)}`],
    [{ secureOptions: 1 }, `${colons(16)}1${colons(4)}`],
    [{ sessionIdContext: "x" }, `${colons(17)}x${colons(3)}`],
    [{ sigalgs: "x" }, `${colons(18)}"x"${colons(2)}`],
    [{ privateKeyIdentifier: "x" }, `${colons(19)}x:`],
    [{ privateKeyEngine: "x" }, `${colons(20)}x`],
    // Some options appear if they are not `undefined`, and others only if they are truthy.
    [{ rejectUnauthorized: false }, `${colons(7)}false${colons(13)}`],
    [{ honorCipherOrder: false }, `${colons(13)}false${colons(7)}`],
    [{ secureOptions: 0 }, `${colons(16)}0${colons(4)}`],
    [{ ca: "", cert: "", key: "", pfx: "", sigalgs: "", servername: "" }, colons(20)],
    // A `servername` equal to the host is omitted.
    [{ servername: "a" }, colons(20)],
    [{ ca: ["x", "y"] }, `:x,y${colons(19)}`],
    // If two values have the same text, an unambiguous form is appended.
    [{ ca: [] }, `${colons(20)}:ca=[]`],
    [{ ca: [""] }, `:${colons(19)}:ca=[6:string]`],
    [{ ca: ["x,y", "z"] }, `:x,y,z${colons(19)}:ca=[9:stringx,y,7:stringz]`],
    [{ pfx: new TextEncoder().encode("x") }, `${colons(6)}120${colons(14)}`],
    // Options that the names of Node.js 20 lack are appended, but only if they are set.
    [{ minDHSize: 2048 }, `${colons(20)}:minDHSize=number2048`],
    [{ requestOCSP: true }, `${colons(20)}:requestOCSP=booleantrue`],
    [{ allowPartialTrustChain: false }, `${colons(20)}:allowPartialTrustChain=booleanfalse`],
    [{ ALPNProtocols: ["h2", "x"] }, `${colons(20)}:ALPNProtocols=[8:stringh2,7:stringx]`],
    [{ ALPNProtocols: [] }, `${colons(20)}:ALPNProtocols=[]`],
    [{ session: Uint8Array.of(7, 0, 255) }, `${colons(20)}:session=v7,0,255`],
    [
      { certificateCompression: { a: 1, b: ["c"] } },
      `${colons(20)}:certificateCompression={7:stringa,7:number1,7:stringb,11:[7:stringc]}`
    ],
    [{ session: null, minDHSize: undefined }, colons(20)],
    // Appended options have a fixed order.
    [{ requestOCSP: true, minDHSize: 1 }, `${colons(20)}:minDHSize=number1:requestOCSP=booleantrue`]
  ]
  it.each(cases)("%j", (options, name) => {
    assert.strictEqual(fields(options), name)
  })

  it("contains only the bytes of a view, not its whole buffer", () => {
    const memory = Uint8Array.of(1, 2, 3, 4)
    assert.strictEqual(fields({ session: memory.subarray(1, 3) }), `${colons(20)}:session=v2,3`)
  })

  it("distinguishes functions and instances by identity, and recognises each again", () => {
    class Context {}
    const names = [
      { pskCallback: () => null },
      { pskCallback: () => null },
      { secureContext: new Context() },
      { secureContext: new Context() }
    ].map((options) => [fields(options), fields(options)] as const)
    for (const [first, again] of names) assert.strictEqual(first, again)
    assert.strictEqual(new Set(names.flat()).size, 4)
    assert.match(names[0]![0], /:pskCallback=f\d+$/)
    assert.match(names[2]![0], /:secureContext=o\d+$/)
    // An object without a prototype is compared by content.
    const record = Object.assign(Object.create(null) as object, { a: 1 })
    assert.strictEqual(fields({ secureContext: record }), `${colons(20)}:secureContext={7:stringa,7:number1}`)
  })

  it("distinguishes lists of keys with passphrases, which read the same when joined by commas", () => {
    const key = (pem: string, passphrase: string) => ({ key: [{ pem, passphrase }] })
    const pfx = (buf: string, passphrase: string) => ({ pfx: [{ buf, passphrase }] })
    const all = [key("a", "x"), key("a", "y"), key("b", "x"), pfx("a", "x"), pfx("a", "y"), pfx("b", "x")]
    assert.strictEqual(new Set(all.map(fields)).size, all.length)
    assert.strictEqual(fields(key("a", "x")), fields(key("a", "x")))
    assert.include(fields(key("a", "x")), ":key=[")
    assert.include(fields(pfx("a", "x")), ":pfx=[")
    // A list with at least one key with a passphrase is appended. A list of plain keys is not.
    assert.include(fields({ key: ["plain", { pem: "a" }] }), ":key=[")
    for (const plain of [["a", "b"], [null, 1], [{ other: "a" }], "a"])
      assert.notInclude(fields({ key: plain }), ":key=")
  })

  it("distinguishes one text from several values", () => {
    assert.notStrictEqual(fields({ ALPNProtocols: ["a", "b"] }), fields({ ALPNProtocols: ["a,7:stringb"] }))
    assert.notStrictEqual(fields({ minDHSize: 1 }), fields({ minDHSize: "1" }))
  })
})

describe("the server name (SNI) of a TLS client", () => {
  it.each([
    ["example.com", "example.com"],
    ["example.com.", "example.com"],
    ["a..", "a."],
    [".", ""]
  ])("%s: %s", (host, name) => {
    assert.strictEqual(sniName(host), name)
  })
})
