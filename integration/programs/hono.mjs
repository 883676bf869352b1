// Hono on its Node server: web requests and responses, streams, form data, aborts.
import { serve } from "@hono/node-server"
import { Hono } from "hono"
import { report, request } from "./tools.mjs"

const app = new Hono()
app.get("/hello/:name", (c) => c.json({ hello: c.req.param("name") }))
app.post("/form", async (c) => {
  const form = await c.req.formData()
  const file = form.get("file")
  return c.json({ field: form.get("field"), file: file.name, size: file.size })
})
app.get("/stream", () => {
  const stream = new ReadableStream({
    start(controller) {
      for (const part of ["a", "b", "c"]) controller.enqueue(new TextEncoder().encode(part))
      controller.close()
    }
  })
  return new Response(stream, { headers: { "X-Stream": "yes" } })
})
app.post("/echo", async (c) => c.text(await c.req.text(), 201))
app.onError((error, c) => c.text(error.message, 500))
app.get("/fail", () => {
  throw new Error("on purpose")
})
const server = await new Promise((resolve) => {
  const made = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, () => resolve(made))
})
const url = `http://127.0.0.1:${server.address().port}`
const pick = ({ status, body }) => [status, body]
report("hello", pick(await request(`${url}/hello/world`)))
const form = new FormData()
form.append("field", "value")
form.append("file", new File(["x".repeat(5000)], "x.txt"))
// The global fetch has its own implementation, so it is an independent client.
report("form", await fetch(`${url}/form`, { method: "POST", body: form }).then((res) => res.json()))
const stream = await request(`${url}/stream`)
report("stream", [stream.body, stream.headers["x-stream"]])
report("echo", pick(await request(`${url}/echo`, { method: "POST" }, "e".repeat(100))))
report("fail", pick(await request(`${url}/fail`)))
report("missing", pick(await request(`${url}/none`)))
server.close()
server.closeAllConnections()
