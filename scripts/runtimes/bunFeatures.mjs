// Cases about what is special to BunNetwork: its options, what it refuses, and which TLS it uses. Each is a
// named effect.
import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as net from "node:net"
import * as path from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { Deferred, Effect } from "effect"
import { Network, Transport } from "@httpfx/core"

const root = fileURLToPath(new URL("../..", import.meta.url))
const pem = (name) => fs.readFileSync(path.join(root, `packages/node/test/fixtures/${name}.pem`), "utf8")
const [ca, cert, key] = ["ca", "server", "server-key"].map(pem)
const server = { role: "server", cert, key }
const client = { role: "client", ca, serverName: "api.test" }
const loopback = { port: 0, host: "127.0.0.1" }

/** A listener, and the first connection that it accepts. */
const listening = (options = loopback) =>
  Effect.gen(function* () {
    const accepted = yield* Deferred.make()
    const listener = yield* Network.listen(options, (transport) => {
      Deferred.unsafeDone(accepted, Effect.succeed(transport))
    })
    return { address: listener.address, accepted: Deferred.await(accepted) }
  })

/** The two ends of a connection. */
const connected = (options) =>
  Effect.gen(function* () {
    const { accepted, address } = yield* listening()
    const near = yield* Network.connect(address, options)
    const far = yield* accepted
    yield* Effect.addFinalizer(() => Effect.sync(() => [near, far].forEach((end) => end.reset())))
    return { near, far }
  })

/** Collects what a transport reports until it closes or ends. Calls `first` at the first bytes. */
const ended = (transport, first) =>
  Effect.async((resume) => {
    let text = ""
    const done = (how) => resume(Effect.succeed({ text, how }))
    transport.start({
      data: (chunk) => {
        if (text === "") first()
        text += Buffer.from(chunk).toString("latin1")
      },
      end: () => done("end"),
      drain: () => {},
      error: ({ code }) => done(code),
      close: () => done("close")
    })
  })

/** Connects through a relay, whose `cut` sends FIN to the client without `close_notify`. */
const throughRelay = (options) =>
  Effect.gen(function* () {
    const { accepted, address } = yield* listening()
    let cut
    const relay = net.createServer({ allowHalfOpen: true }, (near) => {
      const far = net.connect(address.port, address.hostname)
      near.on("data", (bytes) => far.write(bytes)).on("error", () => {})
      far.on("data", (bytes) => near.write(bytes)).on("error", () => {})
      far.on("end", () => near.end())
      near.on("close", () => far.destroy())
      cut = () => near.end()
    })
    yield* Effect.async((resume) => void relay.listen(0, "127.0.0.1", () => resume(Effect.void)))
    yield* Effect.addFinalizer(() => Effect.sync(() => relay.close()))
    const { secure } = yield* Network.Network
    const raw = yield* Network.connect(Transport.tcp("127.0.0.1", relay.address().port))
    const [near, far] = yield* Effect.all(
      [secure(raw, { ...client, ...options }), Effect.flatMap(accepted, (raw) => secure(raw, server))],
      { concurrency: 2 }
    )
    yield* Effect.addFinalizer(() => Effect.sync(() => [near, far].forEach((end) => end.reset())))
    return { near, far, cut }
  })

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
  ),
  scoped(
    "an end of TLS without close_notify is a truncation, and one with it is not",
    Effect.gen(function* () {
      for (const isCut of [true, false]) {
        const { cut, far, near } = yield* throughRelay({})
        far.write("data")
        const end = yield* ended(near, () => (isCut ? cut() : far.end()))
        assert.deepEqual(end, { text: "data", how: "end" })
        assert.equal(near.truncated, isCut)
      }
    })
  )
]
