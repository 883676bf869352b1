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
    ["stops when it was often enough", { retried: 3 }, "TimesUsed"],
    ["does not help", { transient: false }, "NotTransient"],
    ["has no body to send", { replayable: false }, "NotReplayable"],
    ["might do it twice", { idempotent: false }, "NotIdempotent"],
    [
      "might do it twice, whatever the server asks",
      { idempotent: false, retryAfter: 1_000 },
      "NotIdempotent"
    ],
    ["cannot do it twice where nothing was sent", { idempotent: false, unsent: true }, 50],
    ["waits as the server asks, and a little more", { retryAfter: 1_000 }, 1_050],
    ["does not wait for long", { retryAfter: 1_001 }, "AskedForTooLong"],
    ["waits while the call has time left", { left: 51 }, 50],
    ["does not wait until the call's limit", { left: 50 }, "NoTimeLeft"],
    [
      "does not wait beyond the call's limit, though the server asks",
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
    ["takes", 5, 0, -1, 4],
    ["takes what a request puts in", 5, 0, 0.1, 5.1],
    ["gets what time brings, and twice as much in twice the time", 5, 1, 0, 5.5],
    ["gets more in a longer time", 5, 4, 0, 7],
    ["gets, takes and puts at once", 5, 4, -1, 6],
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
