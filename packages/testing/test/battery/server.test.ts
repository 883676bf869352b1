/**
 * Our server passes the server battery over memory and over sockets. Node's server passes too, except for
 * cases in which it differs by design.
 */
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { createServer } from "node:http"
import { Server } from "@httpfx/core"
import { NodeNetwork } from "@httpfx/node"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"
import * as ServerBattery from "@httpfx/testing/ServerBattery"

const ours = Server.layer({ port: 0, host: "127.0.0.1" })

const stacks = {
  memory: Layer.provideMerge(ours, MemoryNetwork.layer()),
  node: Layer.provideMerge(ours, NodeNetwork.layer)
}

describe.each(Object.entries(stacks))("our server on %s", (_, stack) => {
  for (const { effect, name } of ServerBattery.cases()) it.live(name, () => Effect.provide(effect, stack))
})

describe("our server on memory, in segments of 7 bytes", () => {
  const network = MemoryNetwork.layer({ segmentSize: 7, receiveWindow: 3_000, sendWindow: 2_000 })
  const stack = Layer.provideMerge(ours, network)
  const without = [
    // Skip tens of megabytes in segments of 7 bytes: they take long and test nothing new.
    "a large body is intact in both directions",
    "an unread body puts backpressure on the client until the app reads it",
    "a client that stops reading puts backpressure on the response, and later gets all of it"
  ]
  for (const { effect, name } of ServerBattery.cases({ without }))
    it.live(name, () => Effect.provide(effect, stack))
})

describe("Node's own server through platform-node", () => {
  const stack = Layer.mergeAll(
    NodeHttpServer.layer(() => createServer(), { port: 0, host: "127.0.0.1" }),
    NodeNetwork.layer
  )
  const without = [
    // With a listener for `upgrade`, Node hands over the socket even if no handler upgrades the connection.
    "an upgrade that the app does not take is answered as an ordinary request",
    // Node sends 100 (Continue) before a handler runs (`checkContinue`).
    "Expect: 100-continue gets only the final response if the app reads no body",
    // Node's parser accepts the requests of the next two cases.
    "refuses two Host fields (RFC 9112 §3.2)",
    "refuses an unknown transfer coding",
    // platform-node ends the response normally after a failed stream, and does not compare the body with
    // Content-Length.
    "a response whose stream fails is cut: no last chunk, and the connection closes",
    "a response shorter than its Content-Length does not look complete",
    // platform-node notices that a client has disconnected only when it writes to the connection.
    "a client that leaves while its handler waits, by FIN: the handler is interrupted and its finalizers run",
    "a client that leaves while its handler waits, by RST: the handler is interrupted and its finalizers run"
  ]
  for (const { effect, name } of ServerBattery.cases({ without }))
    it.live(name, () => Effect.provide(effect, stack))
})

describe("the battery", () => {
  it("leaves out named cases, and rejects unknown names", () => {
    const [first] = ServerBattery.cases()
    assert.lengthOf(ServerBattery.cases({ without: [first!.name] }), ServerBattery.cases().length - 1)
    assert.throws(() => ServerBattery.cases({ without: ["none"] }), /no case is named/)
    const names = ServerBattery.cases().map(({ name }) => name)
    assert.strictEqual(new Set(names).size, names.length)
  })
})
