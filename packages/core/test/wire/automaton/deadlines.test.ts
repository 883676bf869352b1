/**
 * The deadlines of a server: which limit has expired, when the next limit expires, and the defaults of a
 * policy.
 */
import { describe, expect, it } from "vitest"
import {
  contradicts,
  defaultDeadlines,
  judge,
  lookAgainAfter,
  makeDeadlines,
  progress,
  type DeadlinePolicy,
  type GivenDeadlines,
  type Waiting
} from "@httpfx/core/wire"

describe("makeDeadlines", () => {
  const rows: ReadonlyArray<readonly [given: GivenDeadlines | undefined, differs: GivenDeadlines]> = [
    [undefined, {}],
    [{}, {}],
    [{ headersTimeout: 1 }, { headersTimeout: 1 }],
    [{ headersTimeout: 0 }, { headersTimeout: 0 }],
    [
      { requestTimeout: 7, timeout: 8 },
      { headersTimeout: 7, requestTimeout: 7, timeout: 8 }
    ],
    // `headersTimeout` keeps its default, unless the default exceeds `requestTimeout`.
    [{ requestTimeout: 60_000 }, { requestTimeout: 60_000 }],
    [{ requestTimeout: 70_000 }, { requestTimeout: 70_000 }],
    [{ requestTimeout: 59_999 }, { headersTimeout: 59_999, requestTimeout: 59_999 }],
    // If `requestTimeout` is 0 (no limit), `headersTimeout` keeps its default.
    [{ requestTimeout: 0 }, { requestTimeout: 0 }],
    [
      { headersTimeout: 9, requestTimeout: 8 },
      { headersTimeout: 9, requestTimeout: 8 }
    ],
    [
      { progressTimeout: 0, progressBytes: 5 },
      { progressTimeout: 0, progressBytes: 5 }
    ]
  ]
  it.each(rows)("of %j: the defaults except %j", (given, differs) => {
    expect(makeDeadlines(given)).toEqual({ ...defaultDeadlines, ...differs })
  })

  it("has Node's defaults, and two defaults of our own", () => {
    expect(defaultDeadlines).toEqual({
      headersTimeout: 60_000,
      requestTimeout: 300_000,
      timeout: 0,
      progressTimeout: 120_000,
      progressBytes: 1024
    })
  })
})

const noLimits: DeadlinePolicy = {
  headersTimeout: 0,
  requestTimeout: 0,
  timeout: 0,
  progressTimeout: 0,
  progressBytes: 10
}
const nothing: Waiting = {
  begun: -1,
  headComplete: false,
  lastActivity: 0,
  receiving: undefined,
  sending: undefined,
  holding: undefined
}
const since = (since: number) => ({ since, moved: 0 })

describe("contradicts", () => {
  it.each([
    [1, 0, false],
    [0, 1, false],
    [1, 1, false],
    [2, 1, true],
    [1, 2, false],
    [0, 0, false]
  ])("a head of %i ms in a request of %i ms: %s", (headersTimeout, requestTimeout, expected) => {
    expect(contradicts({ ...noLimits, headersTimeout, requestTimeout })).toBe(expected)
  })
})

describe("progress", () => {
  const policy = { ...noLimits, progressBytes: 10 }
  it("begins without an earlier one, and again once enough bytes have moved", () => {
    const first = progress(undefined, 3, 100, policy)
    expect(first).toEqual({ since: 100, moved: 3 })
    expect(progress(first, 12, 200, policy)).toBe(first)
    expect(progress(first, 13, 200, policy)).toEqual({ since: 200, moved: 13 })
    expect(progress(first, 99, 300, policy)).toEqual({ since: 300, moved: 99 })
  })
})

describe("judge", () => {
  // For each limit: the state of the connection, the policy, the time of expiry, and the name of the limit.
  const limits: ReadonlyArray<readonly [string, Partial<Waiting>, Partial<DeadlinePolicy>, number, string]> =
    [
      ["a head", { begun: 5 }, { headersTimeout: 10 }, 15, "headersTimeout"],
      ["a head that began at time 0", { begun: 0 }, { headersTimeout: 10 }, 10, "headersTimeout"],
      ["a request", { begun: 5 }, { requestTimeout: 10 }, 15, "requestTimeout"],
      [
        "a request's body",
        { begun: 5, headComplete: true },
        { headersTimeout: 1, requestTimeout: 10 },
        15,
        "requestTimeout"
      ],
      [
        "a head, which expires before its request",
        { begun: 5 },
        { headersTimeout: 9, requestTimeout: 10 },
        14,
        "headersTimeout"
      ],
      [
        "a request, which expires before its head",
        { begun: 5 },
        { headersTimeout: 11, requestTimeout: 10 },
        15,
        "requestTimeout"
      ],
      ["any activity", { lastActivity: 5 }, { timeout: 10 }, 15, "timeout"],
      [
        "any activity, which expires before a request",
        { begun: 5, lastActivity: 5 },
        { requestTimeout: 20, timeout: 10 },
        15,
        "timeout"
      ],
      [
        "a request, which expires before any activity",
        { begun: 5, lastActivity: 15 },
        { requestTimeout: 15, timeout: 10 },
        20,
        "requestTimeout"
      ],
      ["what the peer sends", { receiving: since(5) }, { progressTimeout: 10 }, 15, "receiving"],
      ["what the peer reads", { sending: since(5) }, { progressTimeout: 10 }, 15, "sending"],
      ["a peer under backpressure", { holding: since(5) }, { progressTimeout: 10 }, 15, "holding"],
      [
        "the direction that began to wait first",
        { sending: since(7), receiving: since(5) },
        { progressTimeout: 10 },
        15,
        "receiving"
      ],
      [
        "output, which expires before any activity",
        { sending: since(5), lastActivity: 5 },
        { progressTimeout: 9, timeout: 10 },
        14,
        "sending"
      ],
      [
        "any activity, which expires before output",
        { sending: since(5), lastActivity: 5 },
        { progressTimeout: 11, timeout: 10 },
        15,
        "timeout"
      ]
    ]
  it.each(limits)("%s: at its deadline and no earlier", (_, waiting, policy, at, name) => {
    const all = { ...nothing, ...waiting }
    const limited = { ...noLimits, ...policy }
    expect(judge(all, limited, 0)).toBe(at)
    expect(judge(all, limited, at - 1)).toBe(at)
    expect(judge(all, limited, at)).toBe(name)
  })

  it.each<[string, Partial<Waiting>, Partial<DeadlinePolicy>]>([
    ["no limit", { begun: 0, receiving: since(0), sending: since(0), holding: since(0) }, {}],
    ["no request under way", {}, { headersTimeout: 1, requestTimeout: 1 }],
    ["no progress expected in either direction", {}, { progressTimeout: 1 }],
    [
      "a limit for the head after the head is complete",
      { begun: 0, headComplete: true },
      { headersTimeout: 1 }
    ]
  ])("%s: nothing passes, ever", (_, waiting, policy) => {
    expect(judge({ ...nothing, ...waiting }, { ...noLimits, ...policy }, 1e9)).toBe(Infinity)
  })

  it("of several expired limits names that of the head, the request, any activity, then output", () => {
    const all: Waiting = {
      begun: 0,
      headComplete: false,
      lastActivity: 0,
      receiving: since(0),
      sending: since(0),
      holding: since(0)
    }
    const order = ["headersTimeout", "requestTimeout", "timeout", "sending", "receiving", "holding"]
    const off: ReadonlyArray<readonly [Partial<DeadlinePolicy>, Partial<Waiting>]> = [
      [{}, {}],
      [{ headersTimeout: 0 }, {}],
      [{ requestTimeout: 0 }, {}],
      [{ timeout: 0 }, {}],
      [{}, { sending: undefined }],
      [{}, { receiving: undefined }]
    ]
    let policy: DeadlinePolicy = {
      ...noLimits,
      headersTimeout: 1,
      requestTimeout: 1,
      timeout: 1,
      progressTimeout: 1
    }
    let waiting = all
    for (const [index, name] of order.entries()) {
      policy = { ...policy, ...off[index]![0] }
      waiting = { ...waiting, ...off[index]![1] }
      expect(judge(waiting, policy, 5)).toBe(name)
    }
  })
})

describe("lookAgainAfter", () => {
  it.each<[Partial<DeadlinePolicy>, number, number]>([
    [{}, 30, 30],
    [{ headersTimeout: 40, requestTimeout: 40, timeout: 40, progressTimeout: 40 }, 30, 30],
    [{ headersTimeout: 20 }, 30, 20],
    [{ requestTimeout: 20 }, 30, 20],
    [{ timeout: 20 }, 30, 20],
    [{ progressTimeout: 20 }, 30, 20],
    [{ headersTimeout: 20, requestTimeout: 10, timeout: 15 }, 30, 10],
    // The interval is at least 1 ms.
    [{ timeout: 0.5 }, 30, 1],
    [{}, 0, 1]
  ])("%j, looking every %i ms: in %i ms", (policy, interval, expected) => {
    expect(lookAgainAfter({ ...noLimits, ...policy }, interval)).toBe(expected)
  })
})
