// The status that a server sends if a handler's status would switch protocols.
import { expect, it } from "vitest"
import { handlerStatus } from "../../../src/wire/index.js"

it.each([
  ["GET", 200, 200],
  ["GET", 204, 204],
  ["CONNECT", 200, 501],
  ["CONNECT", 299, 501],
  ["CONNECT", 101, 501],
  ["CONNECT", 302, 302],
  ["CONNECT", 407, 407]
])("%s %d: %d", (method, status, sent) => {
  expect(handlerStatus(method, status)).toBe(sent)
})

it("101 is refused", () => {
  expect(handlerStatus("GET", 101)).toMatchObject({ code: "ERR_HTTP_INVALID_STATUS_CODE", status: 101 })
})
