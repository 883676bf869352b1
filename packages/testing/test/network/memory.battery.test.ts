/**
 * The network in memory passes the network battery, also with latency, small segments and random conditions.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fault from "@httpfx/testing/Fault"
import * as MemoryNetwork from "@httpfx/testing/MemoryNetwork"
import * as NetworkBattery from "@httpfx/testing/NetworkBattery"
import * as Verdict from "@httpfx/testing/Verdict"

let paths = 0
const cases = NetworkBattery.cases({ path: () => `/run/memory-${++paths}.sock` })

const nothingLeft = Effect.gen(function* () {
  const left = yield* MemoryNetwork.connections
  assert.deepStrictEqual([left, yield* MemoryNetwork.listeners], [[], []])
})

describe("no latency, under a test clock that never advances", () => {
  for (const { name, effect } of cases) {
    it.effect(name, () => Effect.zipRight(effect, nothingLeft).pipe(Effect.provide(MemoryNetwork.layer())))
  }
})

describe("latency of 1 ms, small windows and segments", () => {
  const options = { latency: 1, sendWindow: 20_000, receiveWindow: 30_000, segmentSize: 1460 }
  for (const { name, effect } of cases) {
    it.live(name, () => effect.pipe(Effect.provide(MemoryNetwork.layer(options))))
  }
})

describe("random jitter, segments and coalescing from a seed", () => {
  const options = {
    seed: 11,
    latency: 1,
    jitter: "3 millis",
    segmentSize: { min: 1, max: 9000 },
    bandwidth: 1e9
  } as const
  for (const { name, effect } of cases) {
    it.live(name, () => effect.pipe(Effect.provide(MemoryNetwork.layer(options))))
  }
})

describe("a rule that always passes", () => {
  for (const { name, effect } of cases) {
    it.effect(name, () =>
      Effect.scoped(Effect.zipRight(Fault.optional(Fault.http({ status: 0 }, Verdict.Reset())), effect)).pipe(
        Effect.provide(MemoryNetwork.layer())
      )
    )
  }
})
