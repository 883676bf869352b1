import * as fc from "fast-check"
import { assert, describe, it } from "@effect/vitest"
import {
  admit,
  agesAt,
  choose,
  defaultPort,
  isIdempotent,
  isResendable,
  keepAliveHint,
  keepAliveHintAsNode,
  mayGoOn,
  nextAsNode,
  nextFair,
  origin,
  resend,
  retain,
  type EndedExchange,
  type KeepAlivePolicy,
  type LostRequest,
  type WaitingKey
} from "@httpfx/core/pool"

const policy: KeepAlivePolicy = {
  keepAlive: true,
  maxFreeSockets: 2,
  idleTimeout: 4_000,
  hintBuffer: 1_000
}

const inTime = (connection: { readonly until: number }, now: number) => now < connection.until
const until = (...times: ReadonlyArray<number>) => times.map((until) => ({ until }))

describe("choose", () => {
  const idle = until(10, 20, 30)
  const all = () => true

  it("chooses the last to become idle, or the first", () => {
    assert.deepStrictEqual(choose(idle, "lifo", 0, all), { _tag: "Reuse", connection: idle[2]!, index: 2 })
    assert.deepStrictEqual(choose(idle, "fifo", 0, all), { _tag: "Reuse", connection: idle[0]!, index: 0 })
  })

  it("skips unusable connections, and reports when none is usable", () => {
    assert.deepStrictEqual(choose(idle, "fifo", 15, inTime), {
      _tag: "Reuse",
      connection: idle[1]!,
      index: 1
    })
    assert.deepStrictEqual(choose(idle, "lifo", 30, inTime), { _tag: "None", reason: "NoneUsable" })
    assert.deepStrictEqual(choose([], "lifo", 0, all), { _tag: "None", reason: "NoneIdle" })
    assert.deepStrictEqual(choose(undefined, "lifo", 0, all), { _tag: "None", reason: "NoneIdle" })
  })

  it("returns a usable connection exactly if there is one", () => {
    const scheduling = fc.constantFrom("lifo" as const, "fifo" as const)
    fc.assert(
      fc.property(fc.array(fc.nat(100)), fc.nat(100), scheduling, (times, now, scheduling) => {
        const idle = until(...times)
        const choice = choose(idle, scheduling, now, inTime)
        if (choice._tag === "Reuse") assert.isTrue(inTime(idle[choice.index]!, now))
        else assert.isFalse(idle.some((connection) => inTime(connection, now)))
      })
    )
  })
})

describe("retain", () => {
  const ended: EndedExchange = { now: 100, free: 0, crowded: false, hint: undefined, agesAt: Infinity }
  const cases: ReadonlyArray<
    readonly [string, Partial<EndedExchange>, Partial<KeepAlivePolicy>, string | readonly [number, string]]
  > = [
    ["for the idle time", {}, {}, [4_100, "IdleTimeout"]],
    ["without limit if the idle time is infinite", {}, { idleTimeout: Infinity }, [Infinity, "IdleTimeout"]],
    ["until shortly before the server closes", { hint: 3_000 }, {}, [2_100, "HintExpired"]],
    ["no longer than the idle time", { hint: 60_000 }, {}, [4_100, "IdleTimeout"]],
    ["until the idle time if the hint gives the same time", { hint: 5_000 }, {}, [4_100, "IdleTimeout"]],
    [
      "until the idle time if its maximum age gives the same time",
      { agesAt: 4_100 },
      {},
      [4_100, "IdleTimeout"]
    ],
    ["until it is too old", { agesAt: 200 }, {}, [200, "MaxAge"]],
    ["not when it is too old", { agesAt: 100 }, {}, "MaxAge"],
    ["not when the server is about to close", { hint: 1_000 }, {}, "HintTooShort"],
    ["not when enough connections are idle", { free: 2 }, {}, "MaxFreeSockets"],
    ["not when there are too many connections", { crowded: true }, {}, "OverLimit"],
    ["not when keepAlive is false", {}, { keepAlive: false }, "KeepAliveOff"]
  ]
  for (const [name, facts, own, expected] of cases) {
    it(`keeps ${name}`, () => {
      const retention = retain({ ...ended, ...facts }, { ...policy, ...own })
      assert.deepStrictEqual(
        retention,
        typeof expected === "string"
          ? { _tag: "Close", reason: expected }
          : { _tag: "Keep", until: expected[0], then: expected[1] }
      )
    })
  }

  it("permits immediate reuse whatever the server announced, unless the connection is too old", () => {
    assert.isTrue(mayGoOn(Infinity, 5))
    assert.isFalse(mayGoOn(5, 5))
  })
})

describe("age", () => {
  it("is shortened by at most the jitter, never lengthened", () => {
    assert.strictEqual(agesAt(1_000, { maxAge: 100, jitter: 0.2 }, 0), 1_100)
    assert.strictEqual(agesAt(1_000, { maxAge: 100, jitter: 0.2 }, 1), 1_080)
    assert.strictEqual(agesAt(1_000, { maxAge: Infinity, jitter: 0.2 }, 0.5), Infinity)
  })
})

describe("hint", () => {
  const cases: ReadonlyArray<readonly [string | undefined, number | undefined, number | undefined]> = [
    [undefined, undefined, undefined],
    ["timeout=5", 5_000, 5_000],
    ["timeout=120", 120_000, 120_000],
    ["timeout=5, max=100", 5_000, 5_000],
    ["max=100, timeout=5", 5_000, undefined],
    ["Timeout=5", 5_000, undefined],
    ["timeout = 5", 5_000, undefined],
    ["timeout=0", 0, 0],
    ["timeout=", undefined, undefined],
    ["timeout=5s", undefined, 5_000],
    ["timeout=-1", undefined, undefined],
    ["mytimeout=5", undefined, undefined],
    ["timeout=99999999999999", undefined, 99999999999999000]
  ]
  for (const [value, ours, node] of cases) {
    it(`${value} is ${ours}, as read by Node ${node}`, () => {
      assert.strictEqual(keepAliveHint(value), ours)
      if (value !== undefined) assert.strictEqual(keepAliveHintAsNode(value), node)
    })
  }
})

describe("admit", () => {
  const limits = { maxSockets: 2, maxTotalSockets: 3 }
  it("opens below both limits", () => {
    assert.deepStrictEqual(admit({ open: 1, total: 2, idleElsewhere: 0 }, limits), { _tag: "Open" })
  })
  it("waits at the limit of its key even if others have idle connections", () => {
    assert.deepStrictEqual(admit({ open: 2, total: 3, idleElsewhere: 1 }, limits), {
      _tag: "Wait",
      reason: "MaxSockets"
    })
  })
  it("replaces an idle connection of another key, or waits", () => {
    assert.deepStrictEqual(admit({ open: 1, total: 3, idleElsewhere: 1 }, limits), {
      _tag: "Replace",
      reason: "MaxTotalSockets"
    })
    assert.deepStrictEqual(admit({ open: 1, total: 3, idleElsewhere: 0 }, limits), {
      _tag: "Wait",
      reason: "MaxTotalSockets"
    })
  })
})

describe("nextFair", () => {
  const limits = { maxSockets: 10, maxTotalSockets: 10 }
  const key = (key: string, open: number, since: number): WaitingKey => ({ key, open, since })
  const next = (waiting: ReadonlyArray<WaitingKey>, freed?: string, own = limits) =>
    nextFair(waiting, freed, own)?.key

  it("keeps a connection for its own key if no other waits", () => {
    assert.strictEqual(next([key("a", 3, 0)], "a"), "a")
    assert.isUndefined(next([], "a"))
  })
  it("does not let a busy key starve a quiet one", () => {
    assert.strictEqual(next([key("a", 9, 0), key("b", 1, 5)], "a"), "b")
    assert.strictEqual(next([key("a", 1, 0), key("b", 0, 5)]), "b")
  })
  it("does not close and reopen connections in turn between equals", () => {
    assert.strictEqual(next([key("a", 6, 9), key("b", 5, 0)], "a"), "a")
    assert.strictEqual(next([key("b", 5, 0), key("a", 6, 9)], "a"), "a")
  })
  it("chooses the longest wait if there are fewer slots than keys", () => {
    assert.strictEqual(next([key("a", 1, 9), key("b", 0, 5), key("c", 0, 4)], "a"), "c")
  })
  it("chooses the longest wait between equals, in any order of iteration", () => {
    const [early, late, twin] = [key("a", 2, 1), key("b", 2, 8), key("c", 2, 1)]
    assert.strictEqual(next([early, late]), "a")
    assert.strictEqual(next([late, early]), "a")
    // If both have waited equally long, the first in the order of iteration is chosen.
    assert.strictEqual(next([early, twin]), "a")
    assert.strictEqual(next([twin, early]), "c")
  })
  it("never chooses a key with more connections, however long it waits", () => {
    assert.strictEqual(next([key("a", 2, 9), key("b", 3, 0)]), "a")
    assert.strictEqual(next([key("b", 3, 0), key("a", 2, 9)]), "a")
    assert.strictEqual(next([key("a", 1, 9), key("b", 3, 0)], "b"), "a")
  })
  it("does not keep the only connection of a key if others have none and wait longer", () => {
    // The released connection is the only one of its key, and the other key has none. So the longest wait
    // decides.
    assert.strictEqual(next([key("b", 0, 5), key("a", 1, 9)], "a"), "b")
    assert.strictEqual(next([key("b", 0, 9), key("a", 1, 5)], "a"), "a")
  })
  it("opens no connection above a key's own limit, but permits reuse", () => {
    const own = { ...limits, maxSockets: 2 }
    assert.isUndefined(next([key("a", 2, 0)], undefined, own))
    assert.strictEqual(next([key("a", 2, 0)], "a", own), "a")
    assert.isUndefined(next([key("a", 2, 0)], "b", own))
  })

  it("serves every request of any mix eventually", () => {
    // A pool with `places` slots. Each request takes one turn, and each key sends its requests without a
    // pause.
    const asks = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(asks, fc.integer({ min: 1, max: 4 }), (asks, places) => {
        const keys = asks.map((left, at) => ({ key: `k${at}`, open: 0, since: at, left }))
        const total = asks.reduce((sum, n) => sum + n, 0)
        const busy: Array<(typeof keys)[number]> = []
        let served = 0
        for (let turn = 0; served < total; turn++) {
          assert.isBelow(turn, total * 2)
          const done = busy.shift()
          if (done !== undefined) served++
          let freed = done?.key
          while (busy.length < places) {
            const waiting = keys.filter((k) => k.left > 0)
            const chosen = nextFair(waiting, freed, { maxSockets: Infinity, maxTotalSockets: places })
            if (done !== undefined && freed !== undefined && chosen !== done) done.open--
            if (chosen === undefined) break
            if (chosen !== done || freed === undefined) chosen.open++
            chosen.left--
            chosen.since = turn + keys.length
            busy.push(chosen)
            freed = undefined
          }
        }
      })
    )
  })
})

describe("nextAsNode", () => {
  const one = [{}]
  it("serves its own queue first", () => {
    assert.strictEqual(nextAsNode({ requests: { b: one, a: one }, sockets: {} }, "a"), "a")
  })
  it("then the first key that queued, if it has no sockets", () => {
    assert.strictEqual(nextAsNode({ requests: { b: one, c: one }, sockets: {} }, "a"), "b")
    assert.isUndefined(nextAsNode({ requests: { b: one, c: one }, sockets: { b: one } }, "a"))
    assert.isUndefined(nextAsNode({ requests: {}, sockets: {} }, "a"))
  })
  it("ignores empty lists", () => {
    assert.strictEqual(nextAsNode({ requests: { b: one, a: [] }, sockets: {} }, "a"), "b")
    assert.strictEqual(nextAsNode({ requests: { b: one }, sockets: { b: [] } }, "a"), "b")
  })
})

describe("origin", () => {
  it("distinguishes protocol, host and port", () => {
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
    ["the connection was new", { reused: false }, "FreshConnection"],
    ["the server has begun to respond", { received: 1 }, "AnswerBegun"],
    ["the server may have acted on a POST", { method: "POST" }, "NotIdempotent"],
    ["a POST of which nothing was written", { method: "POST", unsent: true }, "Again"],
    ["a streamed body cannot be read again", { replayable: false }, "NotReplayable"],
    ["it has been sent again once", { resent: 1 }, "SentAgain"]
  ]
  for (const [name, facts, expected] of cases) {
    it(`${expected}: ${name}`, () => {
      const decision = resend({ ...lost, ...facts })
      assert.strictEqual(decision._tag === "Again" ? "Again" : decision.reason, expected)
    })
  }

  it("is possible if idempotent and in memory", () => {
    assert.isTrue(isResendable("GET", true))
    assert.isFalse(isResendable("GET", false))
    assert.isFalse(isResendable("POST", true))
    assert.isFalse(isResendable("POST", false))
  })

  it("never happens on a new connection, after a byte of the response, or twice", () => {
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
