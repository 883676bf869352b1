/**
 * The reuse of connections: each objection alone, the reason if two objections apply, and Node's policies.
 */
import { describe, expect, it } from "vitest"
import {
  afterExchange,
  Against,
  isRestRead,
  nodeAnnounces,
  nodeCounts,
  reasonOf,
  type CloseReason
} from "@httpfx/core/wire"

type Name = keyof typeof Against
const names = Object.keys(Against) as Array<Name>

describe("reasonOf", () => {
  it("is undefined without objections", () => expect(reasonOf(0)).toBeUndefined())

  it.each(names)("%s alone", (name) => {
    const reason: CloseReason = name === "Unframed" ? "UntilClose" : name
    expect(reasonOf(Against[name])).toBe(reason)
  })

  it.each(names.flatMap((one, i) => names.slice(i + 1).map((other) => [one, other] as const)))(
    "%s before %s",
    (one, other) => expect(reasonOf(Against[one] | Against[other])).toBe(reasonOf(Against[one]))
  )
})

describe("isRestRead", () => {
  it.each([
    [false, 0, 0, true],
    [false, 10, 10, true],
    [false, 11, 10, false],
    [false, Infinity, Infinity, true],
    [true, 0, 0, false],
    [true, 1, Infinity, false]
  ] as const)("awaits 100: %j, %d bytes of at most %d: %j", (awaits, left, most, read) =>
    expect(isRestRead(awaits, left, most)).toBe(read)
  )
})

describe("afterExchange", () => {
  const reuse = { _tag: "Reuse" }
  const pending = { _tag: "Pending" }
  const close = (reason: CloseReason) => ({ _tag: "Close", reason })
  it.each([
    [undefined, false, false, pending, pending],
    [undefined, false, true, pending, pending],
    [undefined, true, false, close("RequestUnfinished"), pending],
    [undefined, true, true, reuse, reuse],
    ["MaxRequests", false, true, pending, pending],
    ["MaxRequests", true, false, close("MaxRequests"), close("MaxRequests")],
    ["MaxRequests", true, true, close("MaxRequests"), close("MaxRequests")]
  ] as const)("%j, response over: %j, request over: %j", (reason, response, request, strict, node) => {
    expect(afterExchange(reason, response, request, "close")).toEqual(strict)
    expect(afterExchange(reason, response, request, "wait")).toEqual(node)
  })
})

describe("Node's policies", () => {
  const named = (set: number): Array<Name> => names.filter((name) => (set & Against[name]) !== 0)
  it("the objections that count, and those that are announced", () => {
    expect(named(nodeCounts.added)).toEqual(["UntilClose", "ResponseClose", "RequestClose", "Unframed"])
    expect(named(nodeCounts.own)).toEqual(["UntilClose", "ResponseClose"])
    expect(named(nodeCounts.removed)).toEqual(["UntilClose", "RequestClose"])
    expect(named(nodeAnnounces)).toEqual(["RequestClose", "MaxRequests", "Unframed"])
  })
})
