/** A wiretap changes no behaviour: networks with a wiretap pass the network battery. */
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as NodeNetwork from "@httpfx/node/NodeNetwork"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"
import * as NetworkBattery from "@httpfx/testing/NetworkBattery"
import * as Wiretap from "@httpfx/testing/Wiretap"

let paths = 0
const inMemory = () => `/run/tapped-${++paths}.sock`
const inSystem = () => join(tmpdir(), `httpfx-tapped-${process.pid}-${++paths}.sock`)

describe("over memory", () => {
  const network = Layer.provideMerge(Wiretap.layer(), MemoryNetwork.layer())
  for (const { effect, name } of NetworkBattery.cases({ path: inMemory })) {
    it.effect(name, () =>
      Effect.gen(function* () {
        yield* effect
        assert.lengthOf(yield* MemoryNetwork.connections, 0)
      }).pipe(Effect.provide(network))
    )
  }
})

describe("over the system's sockets", () => {
  const network = Layer.provideMerge(Wiretap.layer(), NodeNetwork.layer)
  for (const { effect, name } of NetworkBattery.cases({ path: inSystem })) {
    it.live(name, () => Effect.provide(effect, network))
  }
})
