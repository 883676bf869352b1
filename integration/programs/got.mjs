// got: retries, streams, timings, timeouts, redirects, a Unix socket, errors with their codes.
import got from "got"
import http from "node:http"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { close, report, serve, text } from "./tools.mjs"

let attempts = 0
const handler = (req, res) => {
  if (req.url === "/flaky")
    return void res.writeHead(++attempts < 3 ? 503 : 200, { "Retry-After": "0" }).end(`try ${attempts}`)
  if (req.url === "/slow") return
  if (req.url === "/cut") {
    res.writeHead(200, { "Content-Length": 100 })
    res.write("part")
    return void setTimeout(() => res.destroy(), 5)
  }
  if (req.url === "/away") return void res.writeHead(301, { Location: "/json" }).end()
  if (req.url === "/echo") return void req.pipe(res)
  res.setHeader("content-type", "application/json")
  res.end(JSON.stringify({ ok: true, encoding: req.headers["accept-encoding"] }))
}
const { server, url } = await serve(handler)
const client = got.extend({ prefixUrl: url, retry: { limit: 0 } })
report("json", await client("json").json())
report(
  "retry",
  await client("flaky", {
    retry: { limit: 3, calculateDelay: ({ computedValue }) => Math.min(computedValue, 1) }
  }).text()
)
const response = await client("away")
report("redirect", [response.redirectUrls.length, response.statusCode])
report("phases", Object.keys(response.timings.phases).sort())
const failure = (promise) =>
  promise.then(
    () => "no error",
    (error) => [error.name, error.code]
  )
report("timeout", await failure(client("slow", { timeout: { response: 20 } })))
report("cut", await failure(client("cut")))
report("refused", await failure(got("http://127.0.0.1:1/", { retry: { limit: 0 } })))
const upload = client.stream.post("echo")
upload.end("streamed up")
report("stream", await text(upload))
const progress = []
const down = client.stream("json").on("downloadProgress", ({ percent }) => progress.push(percent))
await text(down)
report("progress", progress.at(-1))
const folder = mkdtempSync(join(tmpdir(), "got-"))
const local = http.createServer(handler)
await once(local.listen(join(folder, "s")), "listening")
report("unix", await got(`unix:${join(folder, "s")}:/json`, { enableUnixSockets: true }).json())
local.close()
rmSync(folder, { recursive: true })
close(server)
