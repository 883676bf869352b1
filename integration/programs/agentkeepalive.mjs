// agentkeepalive: a subclass of the agent that overrides methods called by Node.
import Agent from "agentkeepalive"
import http from "node:http"
import { close, report, request, serve } from "./tools.mjs"

const { server, url } = await serve((req, res) => {
  if (req.url !== "/slow") res.end(String(req.socket.remotePort))
})
const agent = new Agent({
  maxSockets: 2,
  maxFreeSockets: 1,
  timeout: 2000,
  freeSocketTimeout: 1000,
  socketActiveTTL: 10_000
})
report("is an agent", agent instanceof http.Agent)
const first = await request(url, { agent })
await new Promise((resolve) => setImmediate(resolve))
const second = await request(url, { agent })
report("reused", first.body === second.body)
const all = await Promise.all([1, 2, 3, 4].map(() => request(url, { agent })))
report("two ports", new Set(all.map(({ body }) => body)).size)
report("timeout", await request(`${url}/slow`, { agent }).catch((error) => error.code))
const status = agent.getCurrentStatus()
report("status", [status.createSocketErrorCount, status.requestCount > 5, status.timeoutSocketCount > 0])
const idle = () => Object.values(agent.getCurrentStatus().freeSockets).length
while (idle() > 0) await new Promise((resolve) => setTimeout(resolve, 20))
report("idle ones went", idle())
agent.destroy()
close(server)
