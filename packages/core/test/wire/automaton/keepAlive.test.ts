/** The announced and the actual idle timeout of a connection, and the maximum number of its requests. */
import { describe, expect, it } from "vitest"
import {
  defaultKeepAliveTimeout,
  defaultKeepAliveTimeoutBuffer,
  idleLimit,
  keepAliveLines,
  requestQuota
} from "@httpfx/core/wire"

it("the defaults are Node's", () => {
  expect([defaultKeepAliveTimeout, defaultKeepAliveTimeoutBuffer]).toEqual([5000, 1000])
})

describe("idleLimit", () => {
  it.each([
    [0, 1000, 0],
    [1, 0, 1],
    [5000, 1000, 6000],
    [5000, 1, 5001],
    [5000, -1, 6000],
    [5000, Infinity, 6000],
    [5000, NaN, 6000]
  ])("%d ms and a buffer of %d ms: %d ms", (timeout, buffer, expected) => {
    expect(idleLimit(timeout, buffer)).toBe(expected)
  })
})

describe("keepAliveLines", () => {
  const connection = "Connection: keep-alive\r\n"
  it.each([
    [0, 0, connection],
    [0, 5, connection],
    [1, 0, `${connection}Keep-Alive: timeout=0\r\n`],
    [5999, 0, `${connection}Keep-Alive: timeout=5\r\n`],
    [6000, -1, `${connection}Keep-Alive: timeout=6\r\n`],
    [6000, 1, `${connection}Keep-Alive: timeout=6, max=1\r\n`]
  ])("%d ms, %d requests", (timeout, max, expected) => {
    expect(keepAliveLines(timeout, max)).toBe(expected)
  })
})

describe("requestQuota", () => {
  it.each([
    [0, 1, "open"],
    [0, 1_000, "open"],
    [-1, 5, "open"],
    [NaN, 5, "open"],
    [2, 1, "open"],
    [2, 2, "last"],
    [2, 3, "exceeded"],
    [1.5, 1, "open"],
    [1.5, 2, "exceeded"]
  ] as const)("of %d, request %d: %s", (max, count, expected) => {
    expect(requestQuota(max, count)).toBe(expected)
  })
})
