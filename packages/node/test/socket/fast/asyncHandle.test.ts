// Events of a socket's handle run in the asynchronous context that adopted the handle last.
import { AsyncLocalStorage, AsyncResource, createHook, executionAsyncId } from "node:async_hooks"
import { once } from "node:events"
import { PassThrough } from "node:stream"
import { expect, it } from "vitest"
import { adoptContext, asyncIdOf, leaveContext } from "../../../src/socket/fast/asyncHandle.js"
import { connected } from "../../support/sockets.js"

const storage = new AsyncLocalStorage<string>()

it("the events of a socket run in the context that adopted the socket last", () =>
  connected(async (client, server) => {
    const seen: Array<string | undefined> = []
    server.on("data", () => seen.push(storage.getStore())).resume()
    for (const name of ["one", "two"]) {
      storage.run(name, () => adoptContext(server))
      client.write("x")
      await once(server, "data")
    }
    expect(seen).toEqual(["one", "two"])
  }))

it("async_hooks reports an adopted handle again, with a new id that the socket stores", () =>
  connected(async (client) => {
    const begun: Array<number> = []
    const hook = createHook({ init: (id, type) => void (type === "TCPWRAP" && begun.push(id)) }).enable()
    const before = asyncIdOf(client)
    adoptContext(client)
    hook.disable()
    expect([begun, asyncIdOf(client) === before]).toEqual([[asyncIdOf(client)], false])
    const remembered = () =>
      Object.getOwnPropertySymbols(client)
        .filter((key) => key.description === "async_id_symbol")
        .map((key) => (client as unknown as Record<symbol, unknown>)[key])
    expect(remembered()).toEqual([asyncIdOf(client)])
    leaveContext(client)
    expect(remembered()).toEqual([-1])
  }))

it("a stream without a handle keeps its context", () => {
  const stream = new PassThrough()
  adoptContext(stream)
  leaveContext(stream)
  new AsyncResource("TEST").runInAsyncScope(() => expect(asyncIdOf(stream)).toBe(executionAsyncId()))
})
