// light-my-request: requests injected into a listener without a socket; its response classes extend those of
// the module.
import http from "node:http"
import inject, { isInjection } from "light-my-request"
import { close, listen, report, request, text } from "./tools.mjs"

const listener = async (req, res) => {
  const { pathname, searchParams } = new URL(req.url, `http://${req.headers.host}`)
  if (pathname === "/echo") {
    res.writeHead(201, "Made", {
      "Content-Type": req.headers["content-type"],
      "X-Injected": isInjection(req)
    })
    return void req.pipe(res)
  }
  if (pathname === "/stream") {
    res.setHeader("Trailer", "X-Sum")
    for (const word of ["a", "b", "c"]) res.write(word)
    res.addTrailers({ "X-Sum": "3" })
    return void res.end()
  }
  if (pathname === "/cookies") {
    res.setHeader("Set-Cookie", ["a=1; Path=/; HttpOnly", "b=2"])
    return void res.end(req.headers.cookie)
  }
  if (pathname === "/none") return void res.writeHead(204).end()
  if (pathname === "/destroy") return void res.destroy(new Error("given up"))
  if (pathname === "/late") return void req.resume().on("end", () => setImmediate(() => res.end("late")))
  res.setHeader("content-type", "application/json")
  res.end(
    JSON.stringify({
      method: req.method,
      query: [...searchParams],
      host: req.headers.host,
      agent: req.headers["user-agent"],
      address: req.socket.remoteAddress,
      classes: [req instanceof http.IncomingMessage, res instanceof http.ServerResponse],
      body: await text(req)
    })
  )
}
const told = (answer) => [answer.statusCode, answer.statusMessage, answer.payload]
const plain = await inject(listener, { method: "GET", url: "/all?a=1", query: { b: "2" } })
report("plain", [plain.statusCode, plain.json()])
report("echo", told(await inject(listener, { method: "POST", url: "/echo", payload: { deep: [1, 2] } })))
const chained = await inject(listener)
  .put("/echo")
  .headers({ "content-type": "text/x" })
  .body("chained")
  .end()
report("chained", [chained.headers["content-type"], chained.headers["x-injected"], ...told(chained)])
const streamed = await inject(listener, "http://example.test/stream")
report("stream", [streamed.headers["transfer-encoding"], streamed.trailers, streamed.payload])
report("raw", [streamed.raw.res.writableFinished, streamed.raw.res.headersSent, streamed.raw.req.method])
const cookies = await inject(listener, { url: "/cookies", cookies: { c: "3" } })
report("cookies", [cookies.cookies, cookies.payload])
report("none", told(await inject(listener, "/none")))
report("head", told(await inject(listener, { method: "HEAD", url: "/all" })))
report("late", told(await inject(listener, { method: "POST", url: "/late", payload: Buffer.alloc(100) })))
report("destroyed", await inject(listener, "/destroy").catch((error) => [error.code, error.message]))
report(
  "as a stream",
  await text((await inject(listener, { url: "/stream", payloadAsStream: true })).stream())
)
const form = new FormData()
form.set("field", "value")
report(
  "form",
  (await inject(listener, { method: "POST", url: "/echo", payload: form })).payload.includes("value")
)
const controller = new AbortController()
const aborted = inject(() => {}, { url: "/", signal: controller.signal }).catch((error) => [
  error.name,
  error.code
])
controller.abort()
report("aborted", await aborted)
report(
  "callback",
  await new Promise((done) => inject(listener, "/stream", (_, res) => done(res.rawPayload.length)))
)

// The listener of a server, both by injection and over a socket.
const server = http.createServer(listener)
const dispatch = server.listeners("request")[0]
report("a server's listener", told(await inject(dispatch, { url: "/stream", server })))
const port = await listen(server)
const real = await request(`http://127.0.0.1:${port}/stream`)
report("over a socket", [real.status, real.body])
close(server)
