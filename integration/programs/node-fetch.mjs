// node-fetch: bodies, compression, redirects, aborts, an agent, a truncated response.
import fetch, { FormData, File } from "node-fetch"
import http from "node:http"
import { gzipSync } from "node:zlib"
import { close, report, serve, text } from "./tools.mjs"

const { server, url } = await serve((req, res) => {
  if (req.url === "/gzip")
    return void res.writeHead(200, { "Content-Encoding": "gzip" }).end(gzipSync("packed"))
  if (req.url === "/away") return void res.writeHead(307, { Location: `/echo` }).end()
  if (req.url === "/echo") return void req.pipe(res)
  if (req.url === "/slow") return void res.write("begun")
  if (req.url === "/cut") {
    res.write("x")
    return void setTimeout(() => req.socket.destroy(), 5)
  }
  if (req.url === "/many") {
    res.setHeader("Set-Cookie", ["a=1", "b=2"])
    res.setHeader("X-A", ["1", "2"])
    return void res.end()
  }
  res.end(String(req.headers["content-type"]).split(";")[0])
})
const failure = (promise) =>
  promise.then(
    () => "no error",
    (error) => [error.name, error.type, error.code]
  )
report("gzip", await (await fetch(`${url}/gzip`)).text())
const away = await fetch(`${url}/away`, { method: "POST", body: "kept" })
report("redirect", [away.redirected, await away.text()])
const many = await fetch(`${url}/many`)
report("headers", [many.headers.raw()["set-cookie"], many.headers.get("x-a")])
const form = new FormData()
form.set("file", new File(["abc"], "a.txt"))
report("form", await (await fetch(`${url}/type`, { method: "POST", body: form })).text())
const controller = new AbortController()
const slow = await fetch(`${url}/slow`, { signal: controller.signal })
controller.abort()
report("abort", await failure(slow.text()))
report("cut", await failure((await fetch(`${url}/cut`)).text()))
report("refused", await failure(fetch("http://127.0.0.1:1/")))
const agent = new http.Agent({ keepAlive: true, maxSockets: 2 })
const bodies = await Promise.all(
  Array.from({ length: 6 }, (_, n) =>
    fetch(`${url}/echo`, { method: "PUT", body: `${n}`, agent }).then((res) => res.text())
  )
)
report("agent", [bodies, Object.values(agent.freeSockets).flat().length])
report("stream", await text((await fetch(`${url}/echo`, { method: "POST", body: "s".repeat(10) })).body))
agent.destroy()
close(server)
