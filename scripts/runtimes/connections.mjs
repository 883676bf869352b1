// Connections for cases below HTTP: a listener, both ends of a connection, and a relay that ends TLS without
// `close_notify`.
import * as fs from "node:fs"
import * as net from "node:net"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { Deferred, Effect } from "effect"
import { Network, Transport } from "@httpfx/core"

const root = fileURLToPath(new URL("../..", import.meta.url))
export const pem = (name) =>
  fs.readFileSync(path.join(root, `packages/node/test/fixtures/${name}.pem`), "utf8")
export const [ca, cert, key] = ["ca", "server", "server-key"].map(pem)
export const server = { role: "server", cert, key }
export const client = { role: "client", ca, serverName: "api.test" }
export const loopback = { port: 0, host: "127.0.0.1" }

/** Listens, and returns the address and the first connection that the listener accepts. */
export const listening = (options = loopback) =>
  Effect.gen(function* () {
    const accepted = yield* Deferred.make()
    const listener = yield* Network.listen(options, (transport) => {
      Deferred.unsafeDone(accepted, Effect.succeed(transport))
    })
    return { address: listener.address, accepted: Deferred.await(accepted) }
  })

/** Returns the two ends of a connection. */
export const connected = (options) =>
  Effect.gen(function* () {
    const { accepted, address } = yield* listening()
    const near = yield* Network.connect(address, options)
    const far = yield* accepted
    yield* Effect.addFinalizer(() => Effect.sync(() => [near, far].forEach((end) => end.reset())))
    return { near, far }
  })

/** Collects the events of a transport until it closes or ends. Calls `first` when the first bytes arrive. */
export const ended = (transport, first) =>
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
export const throughRelay = (options) =>
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
