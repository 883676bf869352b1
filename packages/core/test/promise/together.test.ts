/**
 * A promise client and a promise server with random resets and aborted requests. For every seed, each request
 * ends, each body has only its own bytes, and no connection is left.
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { turn } from "@httpfx/core/PlatformTimers"
import { MemoryNetwork } from "@httpfx/testing"
import type { Handler } from "../support/promise/server.js"
import { calling, listening } from "../support/promised.js"

/** Returns a seeded random generator (mulberry32), which returns integers from 0 to `n - 1`. */
const chance = (seed: number) => (n: number) => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) % n
}

type Pick = (n: number) => number

const turns = async (count: number) => {
  for (let i = 0; i < count; i++) await new Promise<void>((resume) => turn(resume))
}

async function* pieces(size: number, byte: number, pick: Pick, fails: boolean) {
  for (let left = size; left > 0;) {
    const length = Math.min(left, 1 + pick(20_000))
    left -= length
    if (pick(4) === 0) await turns(1 + pick(2))
    yield new Uint8Array(length).fill(byte)
    if (fails && pick(8) === 0) throw new Error("the source failed")
  }
}

const modes = ["echo", "part", "whole", "unread", "fails", "cut", "hangs"] as const

const handlerOf =
  (pick: Pick): Handler =>
  async ({ body, signal, target }) => {
    const [, id, mode] = target.split("/")
    await turns(pick(3))
    if (mode === "echo") return { status: 200, fields: ["x-id", id!], body }
    if (mode === "fails") throw new Error("the handler failed")
    if (mode === "hangs") await new Promise((resume) => signal.addEventListener("abort", resume))
    let read = 0
    if (mode === "part" || mode === "whole")
      for await (const piece of body) if ((read += piece.length) > 1_000 && mode === "part") break
    const size = pick(150_000)
    const fields = ["x-id", id!, "x-size", String(size)]
    return {
      status: 200,
      fields,
      body: pieces(size, Number(id), pick, mode === "cut"),
      trailers: () => ["x-read", String(read)]
    }
  }

for (let seed = 1; seed <= 20; seed++) {
  const program = Effect.gen(function* () {
    const pick = chance(seed)
    const server = yield* listening(handlerOf(pick), 80)
    const client = yield* calling({ limits: { maxSockets: 1 + pick(4), maxTotalSockets: Infinity } })

    const ask = async (id: number): Promise<void> => {
      await turns(pick(20))
      const mode = modes[pick(modes.length)]!
      const size = mode === "hangs" || pick(3) === 0 ? 0 : pick(200_000)
      const controller = new AbortController()
      if (mode === "hangs" || pick(6) === 0) void turns(5 + pick(30)).then(() => controller.abort())
      const response = await client.request({
        method: "PUT",
        url: `http://127.0.0.1/${id}/${mode}`,
        fields: pick(4) === 0 ? ["Expect", "100-continue"] : [],
        body: pick(2) === 0 ? new Uint8Array(size).fill(id) : pieces(size, id, pick, pick(3) === 0),
        signal: controller.signal
      })
      const { head } = response
      if (head.status !== 200) return
      const leaves = pick(8) === 0
      let read = 0
      for await (const piece of response.body) {
        read += piece.length
        wrong += piece.filter((byte) => byte !== id).length
        if (leaves) return
      }
      complete++
      const wanted = mode === "echo" ? size : Number(head.get("x-size"))
      if (read !== wanted || head.get("x-id") !== String(id)) wrong++
      if (mode === "whole" && response.trailers()[1] !== String(size)) wrong++
    }
    let [complete, lost, wrong] = [0, 0, 0]
    const requests = Array.from({ length: 25 }, (_, index) => ask(index + 1).catch(() => lost++))

    const memory = yield* MemoryNetwork.MemoryNetwork
    if (seed % 3 === 0) {
      yield* Effect.promise(() => turns(20 + pick(20)))
      yield* memory.reset({})
    }
    yield* Effect.promise(() => Promise.all(requests))
    assert.strictEqual(wrong, 0)
    assert.isAbove(complete, 0)
    assert.isAbove(lost, 0)
    assert.strictEqual(client.pool.queued, 0)
    yield* Effect.promise(() => client.close())
    assert.deepEqual(client.pool.counts, { open: 0, idle: 0, connecting: 0 })
    yield* Effect.promise(() => server.close(0))
    assert.deepEqual(yield* memory.connections, [])
  })
  const network = MemoryNetwork.layer({ seed, segmentSize: seed % 2 === 0 ? 1_460 : 65_536 })
  it.live(`nothing is left of seed ${seed}`, () => Effect.provide(Effect.scoped(program), network))
}
