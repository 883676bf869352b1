// axios on its http adapter: bodies, redirects, streams, limits, timeouts, errors, an agent of the caller.
import axios from "axios"
import http from "node:http"
import { once } from "node:events"
import { close, report, serve, text } from "./tools.mjs"

const { server, url } = await serve((req, res) => {
  if (req.url === "/echo") return void req.pipe(res)
  if (req.url === "/redirect") return void res.writeHead(302, { Location: "/target" }).end()
  if (req.url === "/slow") return
  if (req.url === "/reset") return void req.socket.destroy()
  if (req.url === "/fail") return void res.writeHead(503, { "X-Why": "busy" }).end("down")
  if (req.url === "/big") return void res.end("x".repeat(100_000))
  res.setHeader("Content-Type", "application/json")
  res.end(JSON.stringify({ url: req.url, method: req.method, agent: req.headers["user-agent"] }))
})
const httpAgent = new http.Agent({ keepAlive: true })
const client = axios.create({ baseURL: url, httpAgent, adapter: "http", proxy: false })
const failure = (promise) =>
  promise.then(
    () => "no error",
    (error) => [error.code, error.response?.status]
  )
report("get", (await client.get("/path", { params: { q: "a b" } })).data)
report("post", (await client.post("/echo", { some: "ž" })).data)
report("form", (await client.post("/echo", new URLSearchParams({ a: "1" }))).data)
const redirected = await client.get("/redirect")
report("redirect", [redirected.data.url, redirected.request.res.responseUrl.endsWith("/target")])
const stream = await client.get("/big", { responseType: "stream" })
report("stream", (await text(stream.data)).length)
report("fail", await failure(client.get("/fail")))
report("timeout", await failure(client.get("/slow", { timeout: 20 })))
report("reset", await failure(client.get("/reset")))
report("too big", await failure(client.get("/big", { maxContentLength: 10 })))
const controller = new AbortController()
const aborted = failure(client.get("/slow", { signal: controller.signal }))
await once(server, "request")
controller.abort()
report("aborted", await aborted)
let loaded = 0
await client.post("/echo", Buffer.alloc(200_000), { onUploadProgress: (event) => (loaded = event.loaded) })
report("progress", loaded)
report("refused", await failure(axios.get("http://127.0.0.1:1/", { adapter: "http", proxy: false })))
httpAgent.destroy()
close(server)
