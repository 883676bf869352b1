// Express: bodies, parameters, a file upload with multer, a streamed response, errors, keep-alive.
import express from "express"
import FormData from "form-data"
import multer from "multer"
import http from "node:http"
import { Readable } from "node:stream"
import { close, listen, report, request, text } from "./tools.mjs"

const app = express()
app.use(express.json())
app.get("/hello/:name", (req, res) => res.json({ hello: req.params.name, query: req.query, ip: req.ip }))
app.post("/json", (req, res) => res.status(201).send(req.body))
app.post("/upload", multer({ storage: multer.memoryStorage() }).single("file"), (req, res) => {
  res.json({ name: req.file.originalname, size: req.file.size, field: req.body.field })
})
app.get("/stream", (_req, res) => void Readable.from(["a".repeat(70_000), "b", "c"]).pipe(res))
app.get("/cookie", (_req, res) => res.cookie("a", "1").cookie("b", "2").redirect("/hello/again"))
app.get("/fail", () => {
  throw new Error("on purpose")
})
app.use((error, _req, res, _next) => res.status(500).type("text").send(error.message))

const server = http.createServer(app)
const url = `http://127.0.0.1:${await listen(server)}`
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })

const hello = await request(`${url}/hello/world?x=1`, { agent })
report("hello", [hello.status, hello.body, hello.headers["content-type"], hello.headers.etag])
report(
  "not modified",
  (await request(`${url}/hello/world?x=1`, { agent, headers: { "If-None-Match": hello.headers.etag } }))
    .status
)
const json = JSON.stringify({ deep: [1, { two: "ž" }] })
const posted = await request(
  `${url}/json`,
  { agent, method: "POST", headers: { "Content-Type": "application/json" } },
  json
)
report("json", [posted.status, posted.body])
const form = new FormData()
form.append("field", "value")
form.append("file", Buffer.alloc(100_000, "x"), { filename: "x.bin" })
const uploaded = await new Promise((resolve, reject) => {
  const req = http.request(`${url}/upload`, { agent, method: "POST", headers: form.getHeaders() }, (res) => {
    text(res).then(resolve, reject)
  })
  form.pipe(req)
})
report("upload", uploaded)
const stream = await request(`${url}/stream`, { agent })
report("stream", [stream.body.length, stream.headers["transfer-encoding"]])
const cookie = await request(`${url}/cookie`, { agent })
report("cookie", [cookie.status, cookie.headers.location, cookie.headers["set-cookie"]])
report("fail", await request(`${url}/fail`, { agent }).then(({ status, body }) => [status, body]))
report("missing", (await request(`${url}/missing`, { agent })).status)
report(
  "head",
  await request(`${url}/hello/x`, { agent, method: "HEAD" }).then((r) => [
    r.headers["content-length"],
    r.body
  ])
)
report("connections", Object.values(agent.freeSockets).flat().length)
agent.destroy()
close(server)
