// The timer of `socket.setTimeout` is found while it runs.
import { PassThrough } from "node:stream"
import type { Socket } from "node:net"
import { expect, it } from "vitest"
import { sayTimeout, timerOf } from "../../../src/socket/fast/idleTimer.js"
import { connected } from "../../support/sockets.js"

// The timer is not used from Node.js 24 on.
const holds = Number(process.versions.node.split(".")[0]) < 24

it.runIf(holds)("the timer is found from `setTimeout` until the timeout is cleared", () =>
  connected(async (socket) => {
    expect(timerOf(socket)).toBeUndefined()
    socket.setTimeout(60_000)
    const timer = timerOf(socket)
    expect(timer).toBeDefined()
    sayTimeout(socket, 0)
    expect([socket.timeout, timerOf(socket) === timer]).toEqual([0, true])
    socket.setTimeout(0)
    expect(timerOf(socket)).toBeUndefined()
  })
)

it.runIf(holds)("a timer that was kept and reused fires", () =>
  connected(async (socket) => {
    socket.setTimeout(5)
    sayTimeout(socket, 0)
    sayTimeout(socket, 5)
    await new Promise<void>((resolve) => void socket.once("timeout", resolve))
  })
)

it("other streams have no such timer", () => {
  expect(timerOf(new PassThrough() as unknown as Socket)).toBeUndefined()
})
