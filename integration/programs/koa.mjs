// Koa: middleware around a streamed response, errors, a client that leaves.
import Koa from "koa"
import http from "node:http"
import { PassThrough } from "node:stream"
import { once } from "node:events"
import { close, listen, report, request, text } from "./tools.mjs"

const app = new Koa()
app.silent = true
const events = []
app.use(async (ctx, next) => {
  await next()
  ctx.set("X-Path", ctx.path)
})
app.use(async (ctx) => {
  if (ctx.path === "/echo") ctx.body = ctx.req
  else if (ctx.path === "/json")
    ctx.body = { method: ctx.method, host: ctx.host.split(":")[0], query: ctx.query }
  else if (ctx.path === "/fail") ctx.throw(409, "conflict here")
  else if (ctx.path === "/endless") {
    const stream = new PassThrough()
    stream.write("begun")
    ctx.res.on("close", () => events.push(`closed, finished ${ctx.res.writableFinished}`))
    ctx.body = stream
  }
})
const server = http.createServer(app.callback())
const url = `http://127.0.0.1:${await listen(server)}`
const json = await request(`${url}/json?a=1&a=2`)
report("json", [json.status, json.headers["x-path"], json.body])
const echo = await request(`${url}/echo`, { method: "POST" }, "x".repeat(200_000))
report("echo", [echo.status, echo.body.length])
const fail = await request(`${url}/fail`)
report("fail", [fail.status, fail.body])
report("missing", await request(`${url}/nothing`).then((r) => [r.status, r.body]))
const req = http.get(`${url}/endless`)
const [res] = await once(req, "response")
await once(res, "data")
req.destroy()
report("cut off", await text(res).catch((error) => error.code))
while (events.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
report("events", events)
close(server)
