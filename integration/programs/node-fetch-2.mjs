// node-fetch 2: responses in one chunk and in many, on sockets with and without keep-alive, compression,
// redirects, truncated bodies.
import http from "node:http"
import FormData from "form-data"
import fetch, { Headers, Request } from "node-fetch-2"
import { gzipSync } from "node:zlib"
import { close, report, serve, text } from "./tools.mjs"

const { server, url } = await serve((req, res) => {
  if (req.url === "/small") return void res.write("small ", () => res.end("and chunked"))
  if (req.url === "/one") {
    res.flushHeaders()
    return void res.end("one chunk")
  }
  if (req.url === "/empty") {
    res.flushHeaders()
    return void res.end()
  }
  if (req.url === "/gzip")
    return void res.writeHead(200, { "Content-Encoding": "gzip" }).end(gzipSync("packed"))
  if (req.url === "/away") return void res.writeHead(308, { Location: "/echo" }).end()
  if (req.url === "/round") return void res.writeHead(302, { Location: "/round" }).end()
  if (req.url === "/echo") return void req.pipe(res)
  if (req.url === "/slow") return void res.write("begun")
  if (req.url === "/never") return
  if (req.url === "/cut") {
    res.write("x")
    return void setTimeout(() => req.socket.destroy(), 5)
  }
  if (req.url === "/large") {
    for (let n = 0; n < 64; n++) res.write("l".repeat(10_000))
    return void res.end()
  }
  res.setHeader("Set-Cookie", ["a=1", "b=2"])
  res.end(JSON.stringify([req.method, String(req.headers["content-type"]).split(";")[0], req.headers["x-a"]]))
})
const failure = (promise) =>
  promise.then(
    () => "no error",
    (error) => [error.name, error.type, error.code]
  )
for (const [name, agent] of [
  ["an agent that keeps alive", new http.Agent({ keepAlive: true, maxSockets: 1 })],
  ["an agent that closes", new http.Agent({ keepAlive: false })],
  ["the global agent", undefined]
]) {
  const bodies = []
  for (const path of ["small", "one", "empty", "small", "gzip"])
    bodies.push(await (await fetch(`${url}/${path}`, { agent })).text())
  report(name, bodies)
  report("large", (await (await fetch(`${url}/large`, { agent })).buffer()).length)
  report("cut", await failure(fetch(`${url}/cut`, { agent }).then((res) => res.text())))
  report("after it", await (await fetch(`${url}/small`, { agent })).text())
  agent?.destroy()
}
const away = await fetch(`${url}/away`, { method: "POST", body: "kept" })
report("redirect", [away.redirected, await away.text()])
report("redirects without end", await failure(fetch(`${url}/round`, { follow: 3 })))
const headers = new Headers({ "X-A": "1" })
headers.append("X-A", "2")
const asked = await fetch(
  new Request(`${url}/`, { method: "PATCH", headers, body: new URLSearchParams("a=b") })
)
report("request", [await asked.json(), asked.headers.raw()["set-cookie"]])
const form = new FormData()
form.append("file", Buffer.from("abc"), "a.txt")
report("form", await (await fetch(url, { method: "POST", body: form })).json())
const stream = await fetch(`${url}/echo`, { method: "POST", body: (await fetch(`${url}/large`)).body })
report("one answer into another request", (await text(stream.body)).length)
const controller = new AbortController()
const slow = await fetch(`${url}/slow`, { signal: controller.signal })
controller.abort()
report("abort", await failure(slow.text()))
report("no answer in time", await failure(fetch(`${url}/never`, { timeout: 20 })))
report("no end in time", await failure(fetch(`${url}/slow`, { timeout: 1000 }).then((res) => res.text())))
report("size", await failure(fetch(`${url}/large`, { size: 1000 }).then((res) => res.text())))
report("refused", await failure(fetch("http://127.0.0.1:1/")))
close(server)
