/**
 * Our client passes the client battery over memory and over sockets. Node's client passes too, except for
 * cases in which it differs by design.
 */
import { NodeHttpClient } from "@effect/platform-node"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Client } from "@httpfx/core"
import { NodeNetwork } from "@httpfx/node"
import * as ClientBattery from "@httpfx/testing/ClientBattery"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"

const stacks = {
  memory: Layer.provideMerge(Client.layer, MemoryNetwork.layer()),
  node: Layer.provideMerge(Client.layer, NodeNetwork.layer)
}

describe.each(Object.entries(stacks))("our client on %s", (_, stack) => {
  for (const { effect, name } of ClientBattery.cases()) it.live(name, () => Effect.provide(effect, stack))
})

describe("our client on memory, in segments of 7 bytes", () => {
  const network = MemoryNetwork.layer({ segmentSize: 7, receiveWindow: 3_000, sendWindow: 2_000 })
  const stack = Layer.provideMerge(Client.layer, network)
  const without = [
    // Skip megabytes in segments of 7 bytes: they take long and test nothing new.
    "fails on a head of 1 MB",
    "a large body is intact in both directions",
    "an upload is pulled only as fast as the server reads",
    "an unread response puts backpressure on the server"
  ]
  for (const { effect, name } of ClientBattery.cases({ without }))
    it.live(name, () => Effect.provide(effect, stack))
})

describe("Node's own client through platform-node", () => {
  const client = Layer.provide(
    NodeHttpClient.layerWithoutAgent,
    NodeHttpClient.makeAgentLayer({ keepAlive: true })
  )
  const stack = Layer.merge(client, NodeNetwork.layer)
  const without = [
    // platform-node delivers the response only after it has sent the whole request body.
    "an early response arrives during the upload",
    // platform-node does not wait for the socket's `drain`.
    "an upload is pulled only as fast as the server reads"
  ]
  for (const { effect, name } of ClientBattery.cases({ without }))
    it.live(name, () => Effect.provide(effect, stack))
})
