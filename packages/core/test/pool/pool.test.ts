import * as fc from "fast-check"
import { assert, describe, it } from "@effect/vitest"
import {
  choose,
  defaultPort,
  expiry,
  isIdempotent,
  origin,
  resend,
  retain,
  type KeepAlivePolicy,
  type LostRequest
} from "@httpfx/core/pool"

const policy: KeepAlivePolicy = { keepAlive: true, idleTimeout: 4_000 }
const idleSince = (...times: ReadonlyArray<number>) => times.map((idleSince) => ({ idleSince }))

describe("keepAlive", () => {
  it("takes the connection that became idle last", () => {
    const idle = idleSince(10, 20, 30)
    const choice = choose(idle, 31, policy)
    assert.deepStrictEqual(choice, { _tag: "Reuse", connection: idle[2]! })
  })

  it("opens one when there is none, and says why", () => {
    assert.deepStrictEqual(choose(undefined, 0, policy), { _tag: "Open", reason: "NoneIdle" })
    assert.deepStrictEqual(choose([], 0, policy), { _tag: "Open", reason: "NoneIdle" })
    assert.deepStrictEqual(choose(idleSince(0, 5), 4_005, policy), { _tag: "Open", reason: "AllExpired" })
  })

  it("never hands out a connection whose time is over, and always one whose is not", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(10_000)), fc.nat(20_000), fc.nat(10_000), (times, now, idleTimeout) => {
        const idle = idleSince(...times.sort((a, b) => a - b))
        const own = { keepAlive: true, idleTimeout }
        const choice = choose(idle, now, own)
        const usable = idle.filter((connection) => expiry(connection, own) > now)
        if (choice._tag === "Reuse") assert.include(usable, choice.connection)
        else assert.lengthOf(usable, 0)
      })
    )
  })

  it("keeps connections unless told not to", () => {
    assert.isUndefined(retain(policy))
    assert.strictEqual(retain({ keepAlive: false, idleTimeout: 4_000 }), "KeepAliveOff")
  })
})

describe("origin", () => {
  it("tells protocol, host and port apart", () => {
    const keys = [
      origin("http:", "a", 80),
      origin("https:", "a", 80),
      origin("http:", "a", 81),
      origin("http:", "b", 80)
    ].map((_) => _.key)
    assert.strictEqual(new Set(keys).size, 4)
    assert.strictEqual(origin("http:", "a", defaultPort["http:"]).key, keys[0])
  })
})

describe("resend", () => {
  const lost: LostRequest = {
    method: "GET",
    reused: true,
    received: 0,
    unsent: false,
    replayable: true,
    resent: 0
  }
  const cases: ReadonlyArray<readonly [string, Partial<LostRequest>, string]> = [
    ["a GET on a connection that was kept", {}, "Again"],
    ["a PUT with its bytes at hand", { method: "PUT" }, "Again"],
    ["a fresh connection would fail the same way", { reused: false }, "FreshConnection"],
    ["the server has begun to answer", { received: 1 }, "AnswerBegun"],
    ["a POST may have been acted on", { method: "POST" }, "NotIdempotent"],
    ["a POST of which nothing was handed over", { method: "POST", unsent: true }, "Again"],
    ["a streamed body is gone", { replayable: false }, "NotReplayable"],
    ["once is enough", { resent: 1 }, "SentAgain"]
  ]
  for (const [name, facts, expected] of cases) {
    it(`${expected}: ${name}`, () => {
      const decision = resend({ ...lost, ...facts })
      assert.strictEqual(decision._tag === "Again" ? "Again" : decision.reason, expected)
    })
  }

  it("never on a fresh connection, after a byte of the answer, or twice", () => {
    const facts = fc.record({
      method: fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "get"),
      reused: fc.boolean(),
      received: fc.nat(2),
      unsent: fc.boolean(),
      replayable: fc.boolean(),
      resent: fc.nat(2)
    })
    fc.assert(
      fc.property(facts, (lost) => {
        if (resend(lost)._tag === "GiveUp") return
        assert.isTrue(lost.reused && lost.received === 0 && lost.resent === 0 && lost.replayable)
        assert.isTrue(lost.unsent || isIdempotent(lost.method))
      })
    )
  })
})
