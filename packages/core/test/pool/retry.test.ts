import * as fc from "fast-check"
import { assert, describe, it } from "@effect/vitest"
import { fullBudget, retry, spend, type BudgetPolicy, type Failure } from "@httpfx/core/pool"

const limits = { times: 3, base: 100, cap: 250, patience: 1_000 }
const failure: Failure = {
  transient: true,
  unsent: false,
  idempotent: true,
  replayable: true,
  retried: 0,
  retryAfter: undefined,
  left: Infinity
}

describe("retry", () => {
  const cases: ReadonlyArray<readonly [string, Partial<Failure>, string | number]> = [
    ["waits a part of its limit", {}, 50],
    ["waits twice as long the second time", { retried: 1 }, 100],
    ["waits no longer than the cap", { retried: 2 }, 125],
    ["stops after the permitted number of retries", { retried: 3 }, "TimesUsed"],
    ["stops if the failure is not transient", { transient: false }, "NotTransient"],
    ["stops if the body cannot be sent again", { replayable: false }, "NotReplayable"],
    ["stops if the request is not idempotent", { idempotent: false }, "NotIdempotent"],
    [
      "stops if the request is not idempotent, also with Retry-After",
      { idempotent: false, retryAfter: 1_000 },
      "NotIdempotent"
    ],
    ["retries a request that is not idempotent if nothing was sent", { idempotent: false, unsent: true }, 50],
    ["waits for Retry-After and a random addition", { retryAfter: 1_000 }, 1_050],
    ["stops if Retry-After is longer than permitted", { retryAfter: 1_001 }, "AskedForTooLong"],
    ["waits if the call has enough time left", { left: 51 }, 50],
    ["stops if the wait ends at the call's limit", { left: 50 }, "NoTimeLeft"],
    [
      "stops if Retry-After and the addition end at the call's limit",
      { retryAfter: 100, left: 150 },
      "NoTimeLeft"
    ]
  ]
  for (const [name, facts, expected] of cases) {
    it(name, () => {
      const decision = retry({ ...failure, ...facts }, limits, 0.5)
      assert.deepStrictEqual(
        decision,
        typeof expected === "number" ? { _tag: "Wait", delay: expected } : { _tag: "Stop", reason: expected }
      )
    })
  }
})

describe("a budget", () => {
  const policy: BudgetPolicy = { ratio: 0.1, perSecond: 1, burst: 10 }

  const cases: ReadonlyArray<readonly [string, number, number, number, number]> = [
    // Tokens at second 20, seconds until the call, tokens that the call adds, resulting tokens.
    ["takes a token", 5, 0, -1, 4],
    ["adds the share of a request", 5, 0, 0.1, 5.1],
    ["gets tokens over time", 5, 1, 0, 5.5],
    ["gets more tokens in a longer time", 5, 4, 0, 7],
    ["gets tokens over time and takes one in the same call", 5, 4, -1, 6],
    ["holds no more than its burst", 5, 60, 0, 10],
    ["loses nothing to a clock that is set back", 5, -10, 0, 5]
  ]
  it.each(cases)("%s", (_, tokens, seconds, put, expected) => {
    const at = 20_000 + seconds * 1_000
    const slow = { ...policy, perSecond: 0.5 }
    assert.deepStrictEqual(spend({ tokens, at: 20_000 }, slow, at, put), { tokens: expected, at })
  })

  it("is full at first", () => {
    assert.deepStrictEqual(fullBudget(policy, 7), { tokens: 10, at: 7 })
  })

  it("never permits more than burst, the ratio of requests and the tokens added over time", () => {
    const step = fc.tuple(fc.boolean(), fc.nat(50))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        let now = 0
        let budget = fullBudget(policy, now)
        let requests = 0
        let retries = 0
        for (const [asks, millis] of steps) {
          now += millis
          requests++
          budget = spend(budget, policy, now, policy.ratio)
          if (asks && budget.tokens >= 1) {
            retries++
            budget = spend(budget, policy, now, -1)
          }
          assert.isAtLeast(budget.tokens, 0)
          assert.isAtMost(budget.tokens, policy.burst)
        }
        assert.isAtMost(retries, policy.burst + requests * policy.ratio + now / 1000 + 1e-9)
      })
    )
  })
})
