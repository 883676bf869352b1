/**
 * The messages on the channels of `diagnostics_channel`, on the built-in modules and on ours: their order and
 * contents.
 */
import { strict as assert } from "node:assert"
import diagnostics from "node:diagnostics_channel"
import builtin from "node:http"
import { both, isBuiltInSince, until, type World } from "./harness.js"

interface Told {
  readonly request?: object
  readonly response?: object
  readonly socket?: object
  readonly server?: object
  readonly error?: { readonly code?: string }
}

/** Calls `use`, and returns the messages on these channels during the call. */
const during = async (names: ReadonlyArray<string>, use: () => Promise<void>) => {
  const told: Array<readonly [name: string, message: Told]> = []
  const listeners = names.map((name) => {
    const listener = (message: unknown) => void told.push([name, message as Told])
    diagnostics.subscribe(name, listener)
    return () => diagnostics.unsubscribe(name, listener)
  })
  try {
    await use()
    await new Promise((resolve) => setTimeout(resolve, 2))
  } finally {
    for (const stop of listeners) stop()
  }
  return told
}

const since20 = [
  "http.client.request.start",
  "http.client.response.finish",
  "http.server.request.start",
  "http.server.response.finish"
]
const failed = "http.client.request.error"
const made = ["http.client.request.created", "http.server.response.created"]

/**
 * Returns whether the module publishes the creation of messages. Node.js 20 does not; our module does on
 * every version.
 */
const tellsOfMaking = (world: World) => world.http !== builtin || isBuiltInSince(world, 22)

both("diagnostics channels", {
  "of a whole exchange": async (world) => {
    const { fetch, http, server } = world
    let socket: unknown
    let closed!: Promise<unknown>
    const app = await server((req, res) => {
      socket = req.socket
      closed = new Promise((resolve) => res.once("close", resolve))
      res.end("told")
    })
    let asked!: Awaited<ReturnType<typeof fetch>>
    const told = await during(since20, async () => {
      asked = await fetch(app)
      // The client may have the whole response before the server has published its end.
      await closed
    })
    assert.deepEqual(told.map(([name]) => name).sort(), [...since20].sort())
    const of = (name: string) => told.find(([one]) => one === name)![1]
    assert.equal(of("http.client.request.start").request, asked.req)
    const finished = of("http.client.response.finish")
    assert.deepEqual([finished.request === asked.req, finished.response === asked.res], [true, true])
    for (const name of ["http.server.request.start", "http.server.response.finish"]) {
      const { request, response, server: sender, socket: own } = of(name)
      assert.ok(request instanceof http.IncomingMessage && response instanceof http.ServerResponse)
      assert.deepEqual([sender === app, own === socket], [true, true])
    }
    const order = (name: string) => told.findIndex(([one]) => one === name)
    assert.ok(order("http.server.request.start") < order("http.server.response.finish"))
    assert.ok(order("http.client.request.start") < order("http.client.response.finish"))
  },
  "of created messages, and of failures": async (world) => {
    const { fetch, http, peer, server } = world
    const app = await server((_req, res) => void res.end())
    const told = await during([...made, failed], async () => {
      await fetch(app)
      await assert.rejects(fetch(await peer((socket) => void socket.once("data", () => socket.destroy()))))
    })
    const times = (name: string) => told.filter(([one]) => one === name).length
    assert.deepEqual([...made, failed].map(times), tellsOfMaking(world) ? [2, 1, 1] : [0, 0, 1])
    const failure = told.find(([name]) => name === failed)![1]
    assert.ok(failure.request instanceof http.ClientRequest)
    assert.equal(failure.error!.code, "ECONNRESET")
    if (!tellsOfMaking(world)) return
    const created = told.find(([name]) => name === "http.server.response.created")![1]
    assert.ok(
      created.response instanceof http.ServerResponse && created.request instanceof http.IncomingMessage
    )
  },
  "nothing is published to removed listeners": async ({ fetch, server }) => {
    const app = await server((_req, res) => void res.end())
    let count = 0
    const listener = () => void count++
    diagnostics.subscribe(since20[0]!, listener)
    diagnostics.unsubscribe(since20[0]!, listener)
    await fetch(app)
    await until(() => true)
    assert.equal(count, 0)
  }
})
