// Cases for the features that only BunNetwork has: its options, the options that it refuses, and its TLS.
// Each case is a named effect.
import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as net from "node:net"
import process from "node:process"
import { Effect } from "effect"
import { Network, Transport } from "@httpfx/core"
import {
  cert,
  client,
  connected,
  ended,
  key,
  listening,
  loopback,
  server,
  throughRelay
} from "./connections.mjs"

const refused = (effect, code, name) =>
  Effect.map(Effect.flip(effect), (error) => {
    assert.equal(error.code, code)
    assert.match(error.reason, new RegExp(`\`${name}\``))
  })

const scoped = (name, effect) => ({ name, effect: Effect.scoped(effect) })

export const bunFeatures = (newPath) => [
  scoped(
    "a client binds the local address and port that are asked for",
    Effect.gen(function* () {
      const { address } = yield* Effect.scoped(listening())
      const { far } = yield* connected({ localAddress: "127.0.0.3", localPort: address.port })
      assert.deepEqual(far.remote, Transport.tcp("127.0.0.3", address.port))
    })
  ),
  scoped(
    "listening on a name binds its address",
    Effect.map(listening({ port: 0, host: "localhost" }), ({ address }) =>
      assert.equal(net.isIP(address.hostname) > 0, true)
    )
  ),
  scoped(
    "a name without an address cannot be listened on",
    Effect.map(Effect.flip(listening({ port: 0, host: "nothing.invalid" })), ({ _tag }) =>
      assert.equal(_tag, "ListenFailed")
    )
  ),
  scoped(
    "an IPv6 listener refuses IPv4, if it has to",
    Effect.gen(function* () {
      const { address } = yield* listening({ port: 0, host: "::", ipv6Only: true })
      const error = yield* Effect.flip(Network.connect(Transport.tcp("127.0.0.1", address.port)))
      assert.equal(error.code, "ECONNREFUSED")
    })
  ),
  scoped(
    "listeners share a port, if they have to",
    Effect.gen(function* () {
      const { address } = yield* listening({ ...loopback, reusePort: true })
      yield* listening({ ...loopback, port: address.port, reusePort: true })
    })
  ),
  scoped(
    "the file of a process that was killed is replaced",
    Effect.gen(function* () {
      const file = newPath()
      const program = `require("node:net").createServer().listen(${JSON.stringify(file)}, () => process.kill(process.pid, 9))`
      spawnSync(process.execPath, ["-e", program])
      assert.equal(fs.existsSync(file), true)
      const error = yield* Effect.flip(listening({ path: file, replaceStale: false }))
      assert.equal(error._tag, "AddressInUse")
      yield* listening({ path: file })
    })
  ),
  scoped(
    "what Bun.listen does not have is refused by name",
    Effect.gen(function* () {
      for (const [name, options] of [
        ["backlog", { ...loopback, backlog: 5 }],
        ["fd", { fd: 0 }],
        ["handle", { handle: {} }]
      ])
        yield* refused(listening(options), "ENOTSUP", name)
    })
  ),
  scoped(
    "the TLS option `certificates` is refused by name",
    Effect.gen(function* () {
      const { checkTls, secure } = yield* Network.Network
      const options = { ...server, certificates: { "api.test": { cert, key } } }
      yield* refused(checkTls(options), "ENOTSUP", "certificates")
      const { far } = yield* connected()
      yield* refused(secure(far, options), "ENOTSUP", "certificates")
    })
  ),
  ...[
    ["Bun's", {}, undefined],
    ["Node's", { maxVersion: "TLSv1.2" }, "TLSv1.2"]
  ].map(([whose, options, protocol = "TLSv1.3"]) =>
    scoped(
      `${whose} TLS: both ends know the session`,
      Effect.gen(function* () {
        const { far, near } = yield* throughRelay({ requireCloseNotify: false, ...options })
        const { alpnProtocol, serverName } = far.tls
        assert.deepEqual(
          [
            near.tls.protocol,
            alpnProtocol,
            serverName,
            near.tls.authorized,
            near.tls.peerCertificate.subject.CN
          ],
          [protocol, "http/1.1", "api.test", true, "api.test"]
        )
      })
    )
  ),
  scoped(
    "Bun's TLS: a peer that is reset is reported after its bytes",
    Effect.gen(function* () {
      const { far, near } = yield* connected()
      const { secure } = yield* Network.Network
      const [a, b] = yield* Effect.all(
        [secure(near, { ...client, requireCloseNotify: false }), secure(far, server)],
        { concurrency: 2 }
      )
      b.write("last words")
      assert.deepEqual(yield* ended(a, () => b.reset()), { text: "last words", how: "ECONNRESET" })
    })
  )
]
