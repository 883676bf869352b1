/**
 * Cases of the network battery about listening, connecting and name resolution.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { Network, type Listener } from "@httpfx/core/Network"
import { tcp, unix, type Address, type Transport } from "@httpfx/core/Transport"
import { connected, equal, isTrue, loopback, scoped, settled, started } from "./case.js"
import { Probe } from "../probe.js"

const refused = (address: Address) =>
  Effect.gen(function* () {
    const network = yield* Network
    const error = yield* Effect.flip(network.connect(address))
    equal(
      [error._tag, "code" in error ? error.code : ""],
      ["ConnectionRefused", "ECONNREFUSED"],
      "the failure"
    )
  })

export const listening = (freshPath: () => string) => [
  scoped(
    "connecting to a closed port fails with ConnectionRefused",
    Effect.gen(function* () {
      const { listener } = yield* Effect.scoped(started)
      yield* refused(listener.address)
    })
  ),
  scoped(
    "closing a listener frees its address and keeps its connections",
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const network = yield* Network
      const accepted = yield* Deferred.make<Transport>()
      const listener = yield* Scope.extend(
        network.listen(
          loopback,
          (transport) => void Deferred.unsafeDone(accepted, Effect.succeed(transport))
        ),
        scope
      )
      const client = new Probe(yield* network.connect(listener.address)).start()
      const server = new Probe(yield* Deferred.await(accepted)).start()
      yield* Scope.close(scope, Exit.void)
      yield* listener.close
      yield* refused(listener.address)
      server.write("still here")
      yield* client.until(() => client.text === "still here")
      const address = listener.address
      if (address._tag === "TcpAddress")
        yield* network.listen({ host: address.hostname, port: address.port }, () => {})
      client.transport.reset()
      server.transport.reset()
    })
  ),
  scoped(
    "listening on an address in use fails with AddressInUse",
    Effect.gen(function* () {
      const network = yield* Network
      const { address } = yield* network.listen(loopback, () => {})
      isTrue(address._tag === "TcpAddress" && address.port > 0, "port 0 gave no port")
      const port = address._tag === "TcpAddress" ? address.port : 0
      const error = yield* Effect.flip(network.listen({ host: "127.0.0.1", port }, () => {}))
      equal([error._tag, error.code], ["AddressInUse", "EADDRINUSE"], "the failure")
    })
  ),
  scoped(
    "IPv6, and listening on all addresses",
    Effect.gen(function* () {
      const network = yield* Network
      const serve = (transport: Transport) => {
        const probe = new Probe(transport).start()
        probe.onEnd = () => transport.end()
      }
      const portOf = ({ address }: Listener) => (address._tag === "TcpAddress" ? address.port : 0)
      const every = yield* network.listen({ port: 0 }, serve)
      const six = yield* network.listen({ port: 0, host: "::1" }, serve)
      const reached = [tcp("127.0.0.1", portOf(every)), tcp("::1", portOf(every)), six.address]
      for (const address of reached) {
        const client = new Probe(yield* network.connect(address)).start()
        client.call((transport) => transport.end())
        yield* client.saw("close")
      }
      yield* refused(tcp("127.0.0.1", portOf(six)))
    })
  ),
  scoped(
    "a Unix path works as an address",
    Effect.gen(function* () {
      const network = yield* Network
      const path = freshPath()
      const missing = yield* Effect.flip(network.connect(unix(path)))
      equal("code" in missing ? missing.code : "", "ENOENT", "connecting to a missing path")
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { client, server, listener } = yield* connected({ path })
          equal(listener.address, unix(path), "the listener's address")
          equal(
            [client.transport.remote, server.transport.local],
            [unix(path), unix(path)],
            "the ends' addresses"
          )
          const taken = yield* Effect.flip(network.listen({ path }, () => {}))
          equal(taken._tag, "AddressInUse", "the failure")
          server.onData = (chunk) => void server.write(chunk)
          server.start()
          client.start().write("over a path")
          yield* client.until(() => client.text === "over a path")
          client.call((transport) => transport.end())
          yield* server.saw("end")
          server.call((transport) => transport.end())
          yield* client.saw("close")
          equal(
            [client.log, server.log],
            [
              ["data", "end", "close"],
              ["data", "end", "close"]
            ],
            "events"
          )
        })
      )
      yield* network.listen({ path }, () => {})
    })
  ),
  scoped(
    "an interrupted attempt to connect leaves nothing behind",
    Effect.gen(function* () {
      const network = yield* Network
      const accepted: Array<Probe> = []
      const { address } = yield* network.listen(loopback, (transport) => {
        const probe = new Probe(transport).start()
        probe.onEnd = () => transport.end()
        accepted.push(probe)
      })
      for (let round = 0; round < 20; round++) {
        const attempt = yield* Effect.fork(network.connect(address))
        if (round % 2 === 0) yield* Effect.yieldNow()
        const exit = yield* Fiber.interrupt(attempt)
        if (Exit.isSuccess(exit)) exit.value.reset()
      }
      yield* settled
      for (const probe of accepted) yield* probe.saw("close")
    })
  ),
  scoped(
    "an IP address resolves to itself",
    Effect.gen(function* () {
      const network = yield* Network
      equal(yield* network.resolve("127.0.0.1"), [{ address: "127.0.0.1", family: 4 }], "IPv4")
      equal(yield* network.resolve("::1"), [{ address: "::1", family: 6 }], "IPv6")
      equal(yield* network.resolve("[::1]"), [{ address: "::1", family: 6 }], "IPv6 as in a URL")
      const error = yield* Effect.flip(network.resolve("127.0.0.1", { family: 6 }))
      equal([error._tag, error.code], ["NameNotResolved", "ENOTFOUND"], "an address of the other family")
      const [local] = yield* network.resolve("localhost", { family: 4 })
      equal(local, { address: "127.0.0.1", family: 4 }, "localhost")
    })
  )
]
