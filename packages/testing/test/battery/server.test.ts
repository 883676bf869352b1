/**
 * Our server passes the battery over memory and over sockets; so does Node's, but for what it does by design.
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
    // Tens of megabytes in segments of 7 bytes take long and show nothing new.
    "a large body both ways is intact",
    "a body that nobody reads holds the client back, and goes on when somebody does",
    "a client that does not read holds the answer back, and gets all of it when it does"
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
    // Node hands the socket over, whether somebody takes the upgrade or not.
    "an upgrade that nobody takes is answered as any request",
    // Node answers `Expect` before a handler runs (`checkContinue`).
    "Expect: 100-continue is not answered so when the body is refused",
    // Node's parser lets both pass.
    "refuses two Host fields (RFC 9112 §3.2)",
    "refuses a transfer coding that is unknown",
    // platform-node ends the answer as if its stream had ended, and does not look at its length.
    "an answer whose stream fails is cut: no last chunk, and the connection ends",
    "an answer shorter than its length is not taken for whole",
    // platform-node notices a client that goes away when it writes to it.
    "a client that goes away while its handler waits, by FIN: the handler ends, its finalizers run",
    "a client that goes away while its handler waits, by RST: the handler ends, its finalizers run"
  ]
  for (const { effect, name } of ServerBattery.cases({ without }))
    it.live(name, () => Effect.provide(effect, stack))
})

describe("the battery", () => {
  it("leaves out what is named, and knows its names", () => {
    const [first] = ServerBattery.cases()
    assert.lengthOf(ServerBattery.cases({ without: [first!.name] }), ServerBattery.cases().length - 1)
    assert.throws(() => ServerBattery.cases({ without: ["none"] }), /no case is named/)
    const names = ServerBattery.cases().map(({ name }) => name)
    assert.strictEqual(new Set(names).size, names.length)
  })
})
