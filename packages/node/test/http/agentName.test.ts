// Connection names for random options, compared with those of Node's agents. If Node's https agent has the
// fields of Node.js 20, the names must be equal. Otherwise they must distinguish the same options.
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
const fields = [
  ["ca", "cert", "clientCertEngine", "ciphers", "key", "pfx", "rejectUnauthorized", "servername"],
  ["minVersion", "maxVersion", "secureProtocol", "crl", "honorCipherOrder", "ecdhCurve", "dhparam"],
  ["secureOptions", "sessionIdContext", "sigalgs", "privateKeyIdentifier", "privateKeyEngine"]
].flat()
const tls = (value: fc.Arbitrary<unknown>) =>
  Object.fromEntries(fields.map((name) => [name, maybe(value)])) as Record<
    keyof TlsNameOptions,
    fc.Arbitrary<unknown>
  >
const major = Number(process.versions.node.split(".")[0])

// Fields that https agents add to the name since Node.js 22.23 and 24.22.
const further = ["allowPartialTrustChain", "ALPNProtocols", "minDHSize", "requestOCSP", "session"] as const

const agent = new https.Agent()
const hasFieldsOfNode20 = agent.getName({}).split(":").length === 23

describe("the name of a connection", () => {
  it("equals the name of Node's http agent", () => {
    const agent = new http.Agent()
    fc.assert(
      fc.property(fc.record(place, { requiredKeys: [] }), (options) => {
        assert.strictEqual(connectionName(options as NameOptions), agent.getName(options as object))
      })
    )
    assert.strictEqual(connectionName(), agent.getName())
  })

  it.runIf(hasFieldsOfNode20)("equals the name of Node's https agent", () => {
    const list = fc.array(
      text.filter((item) => item !== "" && !item.includes(",")),
      { minLength: 1, maxLength: 2 }
    )
    const values = fc.oneof(text, buffer, list, fc.boolean(), fc.nat(3))
    // Before 22.23 and 24.22, Node.js 22 and 24 add a key for lists of PKCS #12 files, so leave these lists
    // out.
    const pfx = major < 22 ? values : fc.oneof(text, buffer)
    const options = fc.record({ ...place, ...tls(values), pfx: maybe(pfx) }, { requiredKeys: [] })
    fc.assert(
      fc.property(options, (options) => {
        const named = secureConnectionName(options as NameOptions & TlsNameOptions)
        assert.strictEqual(named, agent.getName(options as object))
      })
    )
    assert.strictEqual(secureConnectionName(), agent.getName())
  })

  it("differs wherever the name of Node's https agent differs", () => {
    const kinds = [
      text,
      fc.boolean(),
      fc.nat(3),
      fc.uint8Array({ minLength: 1, maxLength: 2 }).map((bytes) => Buffer.from(bytes)),
      fc.array(text, { maxLength: 2 })
    ]
    const names = [...fields, ...further]
    const pair = fc.oneof(...kinds.map((kind) => fc.tuple(kind, kind)))
    const options = fc.record({ ...place, ...tls(fc.oneof(...kinds)) }, { requiredKeys: [] })
    fc.assert(
      fc.property(options, fc.constantFrom(...names), pair, (options, field, [one, other]) => {
        const [first, second] = [
          { ...options, [field]: one },
          { ...options, [field]: other }
        ] as ReadonlyArray<NameOptions & TlsNameOptions>
        if (secureConnectionName(first) !== secureConnectionName(second)) return
        assert.strictEqual(agent.getName(first as object), agent.getName(second as object))
      }),
      { numRuns: 2000 }
    )
  })
})
