// https-proxy-agent: TLS through a CONNECT tunnel, and a proxy that refuses.
import { HttpsProxyAgent } from "https-proxy-agent"
import { readFileSync } from "node:fs"
import http from "node:http"
import https from "node:https"
import net from "node:net"
import { close, listen, report, text } from "./tools.mjs"

const fixture = (name) =>
  readFileSync(new URL(`../../packages/node/test/fixtures/${name}.pem`, import.meta.url))
const origin = https.createServer({ key: fixture("server-key"), cert: fixture("server") }, (req, res) => {
  req.pipe(res.writeHead(200, { "X-Secure": String(req.socket.encrypted) }))
})
const port = await listen(origin)
const tunnels = []
const proxy = http.createServer((_req, res) => void res.writeHead(501).end())
proxy.on("connect", (req, socket, head) => {
  tunnels.push(req.headers["proxy-authorization"])
  if (req.headers["x-refuse"]) return void socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
  const upstream = net.connect(port, "127.0.0.1", () => {
    socket.write("HTTP/1.1 200 OK\r\n\r\n")
    upstream.write(head)
    socket.pipe(upstream).pipe(socket)
  })
  for (const end of [socket, upstream]) end.on("error", () => {})
})
const url = `http://user:pass@127.0.0.1:${await listen(proxy)}`
const send = (agent, body) =>
  new Promise((resolve, reject) => {
    const options = { agent, method: "POST", ca: fixture("ca"), servername: "localhost" }
    const req = https.request(`https://localhost:${port}/`, options, (res) => {
      text(res).then((got) => resolve([res.statusCode, res.headers["x-secure"], got.length]), reject)
    })
    req.on("error", reject)
    req.end(body)
  })
const agent = new HttpsProxyAgent(url, { keepAlive: true })
report("through", await send(agent, "x".repeat(100_000)))
report("again", await send(agent, "y"))
report(
  "refused",
  await send(new HttpsProxyAgent(url, { headers: { "X-Refuse": "1" } }), "z").catch((error) => error.code)
)
report("asked", tunnels)
agent.destroy()
close(origin)
close(proxy)
