// http-proxy: requests, bodies, headers of both sides, WebSockets, an unreachable target.
import httpProxy from "http-proxy"
import { once } from "node:events"
import { WebSocket, WebSocketServer } from "ws"
import http from "node:http"
import { close, listen, report, request, serve } from "./tools.mjs"

const target = await serve((req, res) => {
  res.setHeader("X-Target", "yes")
  res.writeHead(req.method === "POST" ? 201 : 200)
  req.pipe(res)
  if (req.method === "GET") res.end(`${req.url} for ${req.headers["x-forwarded-for"]}`)
})
const wss = new WebSocketServer({ server: target.server })
wss.on("connection", (client) => client.on("message", (data) => client.send(`echo ${data}`)))
const proxy = httpProxy.createProxyServer({ target: target.url, ws: true, xfwd: true })
proxy.on("proxyRes", (res) => (res.headers["x-proxy"] = "seen"))
proxy.on("error", (error, _req, res) => {
  if ("writeHead" in res) res.writeHead(502).end(error.code)
})
const front = http.createServer((req, res) =>
  req.url === "/nobody" ? proxy.web(req, res, { target: "http://127.0.0.1:1" }) : proxy.web(req, res)
)
front.on("upgrade", (req, socket, head) => proxy.ws(req, socket, head))
const port = await listen(front)
const url = `http://127.0.0.1:${port}`
const got = await request(`${url}/path?q=1`)
report("get", [got.status, got.body, got.headers["x-target"], got.headers["x-proxy"]])
const posted = await request(`${url}/p`, { method: "POST" }, "b".repeat(150_000))
report("post", [posted.status, posted.body.length])
report("nobody", await request(`${url}/nobody`).then((r) => [r.status, r.body]))
const client = new WebSocket(`ws://127.0.0.1:${port}/`)
await once(client, "open")
client.send("through")
report("socket", String((await once(client, "message"))[0]))
client.terminate()
proxy.close()
wss.close()
close(front)
close(target.server)
