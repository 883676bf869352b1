// Fastify: schemas, hooks, streams, errors, injection, and closing.
import Fastify from "fastify"
import { Readable } from "node:stream"
import { report, request } from "./tools.mjs"

const app = Fastify({ forceCloseConnections: true })
const order = []
app.addHook("onRequest", async () => void order.push("onRequest"))
app.addHook("onResponse", async () => void order.push("onResponse"))
app.post(
  "/sum",
  { schema: { body: { type: "object", required: ["a"], properties: { a: { type: "integer" } } } } },
  async (req) => ({
    sum: req.body.a + 1
  })
)
app.get("/stream", (_req, reply) => reply.type("text/plain").send(Readable.from(["one ", "two"])))
app.get("/fail", async () => {
  throw Object.assign(new Error("teapot"), { statusCode: 418 })
})
app.get("/raw", (req, reply) => {
  reply.hijack()
  reply.raw.writeHead(202, { "x-raw": req.raw.httpVersion })
  reply.raw.end("raw")
})
const url = await app.listen({ port: 0, host: "127.0.0.1" })
const post = (body) =>
  request(
    `${url}/sum`,
    { method: "POST", headers: { "Content-Type": "application/json" } },
    JSON.stringify(body)
  )
const pick = ({ status, body }) => [status, body]
report("sum", pick(await post({ a: 41 })))
report("invalid", pick(await post({ b: 1 })))
report("stream", pick(await request(`${url}/stream`)))
report("fail", pick(await request(`${url}/fail`)))
const raw = await request(`${url}/raw`)
report("raw", [raw.status, raw.headers["x-raw"], raw.body])
report(
  "malformed",
  pick(await request(`${url}/sum`, { method: "POST", headers: { "Content-Type": "application/json" } }, "{"))
)
const injected = await app.inject({ method: "POST", url: "/sum", payload: { a: 1 } })
report("inject", [injected.statusCode, injected.json()])
report("hooks", order.length)
await app.close()
report("closed", await request(`${url}/stream`).catch((error) => error.code))
