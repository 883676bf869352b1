// Compares connection names character by character with those of Node's http and https agents, for random
// options.
import * as http from "node:http"
import * as https from "node:https"
import * as fc from "fast-check"
import { assert, describe, it } from "vitest"
import {
  connectionName,
  secureConnectionName,
  type NameOptions,
  type TlsNameOptions
} from "@httpfx/core/pool"

const text = fc.oneof(fc.constantFrom("", "a", "localhost", "::1", "1.2.3.4"), fc.string({ maxLength: 6 }))
const maybe = <A>(arbitrary: fc.Arbitrary<A>) => fc.option(arbitrary, { nil: undefined })

const place = {
  host: maybe(text),
  port: maybe(fc.oneof(fc.nat(65535), fc.constant("80"))),
  localAddress: maybe(text),
  family: maybe(fc.constantFrom(0, 4, 6, "4", 5)),
  socketPath: maybe(text)
}

const buffer = fc.constantFrom(Buffer.from("pem"), Buffer.alloc(0))
const value = fc.oneof(text, buffer, fc.array(text, { maxLength: 2 }), fc.boolean(), fc.nat(3))
const tls = Object.fromEntries(
  [
    ["ca", "cert", "clientCertEngine", "ciphers", "key", "pfx", "rejectUnauthorized", "servername"],
    ["minVersion", "maxVersion", "secureProtocol", "crl", "honorCipherOrder", "ecdhCurve", "dhparam"],
    ["secureOptions", "sessionIdContext", "sigalgs", "privateKeyIdentifier", "privateKeyEngine"]
  ]
    .flat()
    .map((name) => [name, maybe(value)])
) as Record<keyof TlsNameOptions, fc.Arbitrary<unknown>>

// Later releases of Node 22 and 24 add a key for lists of PKCS #12 files; a string or a Buffer is unchanged.
if (Number(process.versions.node.split(".")[0]) >= 22) tls.pfx = maybe(fc.oneof(text, buffer))

describe("the name of a connection", () => {
  it("equals that of Node's agent", () => {
    const agent = new http.Agent()
    fc.assert(
      fc.property(fc.record(place, { requiredKeys: [] }), (options) => {
        assert.strictEqual(connectionName(options as NameOptions), agent.getName(options as object))
      })
    )
    assert.strictEqual(connectionName(), agent.getName())
  })

  it("equals that of Node's https agent", () => {
    const agent = new https.Agent()
    fc.assert(
      fc.property(fc.record({ ...place, ...tls }, { requiredKeys: [] }), (options) => {
        const named = secureConnectionName(options as NameOptions & TlsNameOptions)
        assert.strictEqual(named, agent.getName(options as object))
      })
    )
    assert.strictEqual(secureConnectionName(), agent.getName())
  })
})
