/**
 * `captureRejections`: the effect of a listener whose promise rejects, on the built-in modules and on ours.
 */
import { strict as assert } from "node:assert"
import events, { once } from "node:events"
import type { IncomingMessage } from "node:http"
import { isBuiltInSince, both, until, type Body } from "./harness.js"

/** Only these listeners are async. Without `captureRejections`, nobody would notice the rejection. */
const rejects = (): Promise<never> => Promise.reject(new Error("later"))

/**
 * Enables `captureRejections` during a body. The switch is global, and applies to emitters that are created
 * meanwhile.
 */
const capturing =
  (body: Body): Body =>
  async (world) => {
    events.captureRejections = true
    try {
      await body(world)
    } finally {
      events.captureRejections = false
    }
  }

const bodies: Readonly<Record<string, Body>> = {
  "request: 500, without the fields set before": async ({ raw, server }) => {
    const app = await server((_req, res) => {
      res.setHeader("X-Set", "1")
      return rejects()
    })
    const answer = await raw(app, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert.match(answer, /^HTTP\/1.1 500 Internal Server Error\r\n[^]*\r\n\r\nInternal Server Error$/)
    assert.doesNotMatch(answer, /X-Set/)
  },
  "request, partly answered: the connection is destroyed": async ({ connect, server }) => {
    const app = await server((_req, res) => {
      res.write("half")
      return rejects()
    })
    const client = await connect(app)
    let over = false
    client.on("close", () => (over = true))
    client.on("end", () => (over = true))
    client.on("error", () => {})
    client.resume()
    client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    await until(() => over)
  },
  "upgrade, checkExpectation: the error of the server": async ({ connect, server }) => {
    const told: Array<string> = []
    for (const [event, ask] of [
      ["upgrade", "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"],
      ["checkExpectation", "GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n"]
    ] as const) {
      const app = await server()
      app.on(event, rejects as never)
      app.on("error", (error) => told.push(`${event} ${error.message}`))
      const client = await connect(app)
      client.on("error", () => {})
      client.write(ask)
      await until(() => told.some((one) => one.startsWith(event)))
      client.destroy()
    }
    assert.deepEqual(told, ["upgrade later", "checkExpectation later"])
  },
  "response: the request's error": async (world) => {
    // Node.js 24 does not report this rejection.
    if (isBuiltInSince(world, 24)) return
    const { http, server, to } = world
    const app = await server((_req, res) => void res.end("whole"))
    const req = http.get(to(app))
    req.on("response", rejects as never)
    const [error] = (await once(req, "error")) as [Error]
    assert.equal(error.message, "later")
    assert.equal(req.destroyed, true)
  },
  "data of a response: the response's error": async ({ http, server, to }) => {
    const app = await server((_req, res) => void res.write("some"))
    const req = http.get(to(app)).on("error", () => {})
    const [res] = (await once(req, "response")) as [IncomingMessage]
    res.on("data", rejects as never)
    const [error] = (await once(res, "error")) as [Error]
    assert.deepEqual([error.message, res.destroyed], ["later", true])
  },
  "finish of a response: the connection is destroyed, its response was sent": async ({ fetch, server }) => {
    const app = await server((_req, res) => {
      res.on("finish", rejects as never)
      res.end("gone")
    })
    assert.equal((await fetch(app)).body, "gone")
  }
}

both(
  "captureRejections",
  Object.fromEntries(Object.entries(bodies).map(([name, body]) => [name, capturing(body)]))
)
