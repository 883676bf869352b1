// @sinonjs/fake-timers: a server, an agent, got and undici while timers and clocks are faked. The module
// itself uses real time.
import http from "node:http"
import { once } from "node:events"
import FakeTimers from "@sinonjs/fake-timers"
import got from "got"
import { Client, Pool } from "undici"
import { close, report, request, serve, text } from "./tools.mjs"

const { setImmediate: turn } = globalThis
const failure = (promise) =>
  promise.then(
    () => "no error",
    (error) => [error.name, error.code]
  )
const minute = 60_000
const hour = 60 * minute
const clock = FakeTimers.install({ now: Date.UTC(2001, 0, 1), toNotFake: ["nextTick", "queueMicrotask"] })

/**
 * Waits for real I/O, and advances the fake time by `step` milliseconds per turn of the event loop.
 */
const meanwhile = async (promise, step = 1) => {
  let settled = false
  const end = () => void (settled = true)
  promise.then(end, end)
  while (!settled) {
    clock.tick(step)
    await new Promise((resolve) => turn(resolve))
  }
  return promise
}

let flaky = 0
const { server, url } = await serve((req, res) => {
  if (req.url === "/slow") return
  if (req.url === "/echo") return void req.pipe(res)
  if (req.url === "/chunks") {
    res.write("one ")
    return void res.end("two")
  }
  if (req.url === "/flaky") return void res.writeHead(++flaky < 3 ? 503 : 200).end(`try ${flaky}`)
  res.end(`${req.method} ${req.url}`)
})

// The module itself.
const agent = new http.Agent({ keepAlive: true, timeout: 5000 })
const first = await request(url, { agent })
report("request", [first.status, first.body, new Date(first.headers.date).getFullYear() === 2001])
report("timers of the module among the fakes", clock.countTimers())
clock.runAll()
report("kept alive for all of it", [
  (await request(`${url}/again`, { agent })).body,
  Object.values(agent.freeSockets).flat().length
])
const waiting = http.get(`${url}/slow`, { agent, timeout: 3_600_000 })
const response = failure(once(waiting, "response"))
await once(waiting, "socket")
clock.tick(hour)
clock.runAll()
report("an hour has passed for the fakes only", [waiting.destroyed, clock.countTimers()])
waiting.destroy()
report("destroyed", await response)
const timed = http.get(`${url}/slow`, { agent, timeout: 20 })
await once(timed, "timeout")
report("a timeout in real time", timed.destroyed)
timed.destroy()
await once(timed, "error")
agent.destroy()
const brief = http.createServer({ keepAliveTimeout: 20, connectionsCheckingInterval: 20 }, (_req, res) =>
  res.end()
)
await once(brief.listen(0, "127.0.0.1"), "listening")
const kept = new http.Agent({ keepAlive: true })
const one = http.get({ port: brief.address().port, host: "127.0.0.1", agent: kept })
const [answer] = await once(one, "response")
answer.resume()
await once(one.socket, "close")
report("idle connections close in real time", clock.countTimers())
kept.destroy()
close(brief)

// got: its own timeouts, delays and retries use the fake time; nothing else does.
const client = got.extend({ prefixUrl: url, retry: { limit: 0 } })
report("got", await meanwhile(client("text").text()))
report("got, chunks", await meanwhile(client.post("echo", { body: "up" }).text()))
report("got, streams", await meanwhile(text(client.stream("chunks"))))
report(
  "got, its agent",
  await meanwhile(client("chunks", { agent: { http: new http.Agent({ keepAlive: true }) } }).text())
)
let asked = 0
const retried = client("flaky", {
  retry: { limit: 3, calculateDelay: ({ computedValue }) => computedValue && ++asked && hour }
}).text()
report("got, an hour between retries", [await meanwhile(retried, minute), asked])
report("got, a timeout", await meanwhile(failure(client("slow", { timeout: { response: hour } })), minute))

// undici, as a client of the module's server.
const undici = new Client(url, {
  headersTimeout: hour,
  bodyTimeout: hour,
  keepAliveTimeout: 30 * hour,
  keepAliveMaxTimeout: 30 * hour
})
const read = async (path, options) => {
  const { statusCode, body } = await undici.request({ path, method: "GET", ...options })
  return [statusCode, await body.text()]
}
report("undici", await meanwhile(read("/text")))
report("undici, chunks", await meanwhile(read("/chunks")))
report("undici, echo", await meanwhile(read("/echo", { method: "POST", body: "up" })))
report("undici, a timeout", await meanwhile(failure(read("/slow")), minute))
await meanwhile(undici.destroy())
const pool = new Pool(url, { connections: 2, pipelining: 1 })
const many = Array.from({ length: 6 }, (_, n) =>
  pool.request({ path: `/${n}`, method: "GET" }).then(({ body }) => body.text())
)
report("undici, a pool", await meanwhile(Promise.all(many)))
await meanwhile(pool.destroy())
clock.runAll()
clock.uninstall()
report("without fakes", (await request(`${url}/real`)).body)
close(server)
