/**
 * The examples as `npm run example NAME` runs them: each serves requests for its features and is stopped by
 * Ctrl-C.
 */
import { createHash } from "node:crypto"
import { once } from "node:events"
import { createServer } from "node:http"
import { createRequire } from "node:module"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { assert, describe, it, onTestFinished } from "vitest"
import { program, root, run, temporaryFolder } from "./support.js"

interface WebSocketOfWs {
  on(event: "message", listener: (data: Buffer) => void): void
  on(event: "close", listener: (code: number) => void): void
  send(text: string): void
  close(): void
}
// Node 20 has no global `WebSocket`.
const { WebSocket } = createRequire(join(root, "packages/node/package.json"))("ws") as {
  readonly WebSocket: new (url: string) => WebSocketOfWs
}

const started = async (name: string, env: Readonly<Record<string, string>> = {}) => {
  const folder = join(root, "examples")
  const example = program([`dist/${name}/main.js`], folder, { PORT: "0", ...env })
  const [, port] = await example.prints(/Listening on http:\/\/[^:]+:(\d+)/)
  const url = `http://127.0.0.1:${port}`
  return { example, url, ends: async () => assert.strictEqual((await example.stop("SIGINT")).code, 0) }
}

describe("examples", () => {
  it("are listed with descriptions", async () => {
    const listed = await run(process.execPath, ["scripts/example.mjs"], root)
    for (const name of [
      "chat",
      "cluster",
      "cluster-entities",
      "demo",
      "legacy",
      "metrics",
      "reverse-proxy",
      "shortener",
      "upload"
    ])
      assert.match(listed, new RegExp(`^ {2}${name} +\\S`, "m"))
  })

  it("shortener: redirects, keeps its links over a restart, and ends live clicks in order", async () => {
    const env = { DATABASE: join(temporaryFolder(), "links.db"), ADMIN_PORT: "0" }
    const target = "https://example.org/"
    const first = await started("shortener", env)
    const created = await fetch(`${first.url}/api/links`, {
      method: "POST",
      body: JSON.stringify({ target, slug: "green-tea" }),
      headers: { "content-type": "application/json" }
    })
    assert.strictEqual(created.status, 201)
    assert.match(await (await fetch(`${first.url}/docs`)).text(), /"title":"Shortener"/)
    await first.ends()

    const { example, url } = await started("shortener", env)
    const response = await fetch(`${url}/api/links/green-tea/clicks`)
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    let text = ""
    const sees = async (pattern: RegExp) => {
      while (!pattern.test(text)) text += (await reader.read()).value
    }
    await sees(/^id: 0\nevent: state\ndata: 0\n\n/)
    const visit = await fetch(`${url}/green-tea`, { redirect: "manual" })
    assert.deepStrictEqual([visit.status, visit.headers.get("location")], [302, target])
    await sees(/\nid: 1\nevent: click\ndata: \{"slug":"green-tea","clicks":1,"at":".+Z"\}\n\n$/)
    const stopped = example.stop("SIGINT")
    // Reading would fail if the stream was cut.
    while (!(await reader.read()).done);
    assert.strictEqual((await stopped).code, 0)
  })

  it("metrics: exports requests by route to Prometheus", async () => {
    const env = { PORT: "0", METRICS_PORT: "0" }
    const example = program(["dist/metrics/main.js"], join(root, "examples"), env)
    const [, ...ports] = await example.prints(/Listening on \S+:(\d+)\s[^]*Listening on \S+:(\d+)\s/)
    const answers = async (path: string) =>
      Promise.all(ports.map(async (port) => (await fetch(`http://127.0.0.1:${port}${path}`)).text()))
    // Only one of the two servers has the route, and the servers may listen in any order.
    await answers("/users/Ada")
    await answers("/users/Alan")
    const text = (await answers("/metrics")).find((text) => text.includes("# TYPE"))!
    const series = /^http_server_request_duration_count\{(.*http_route="\/users\/:name".*)\} 2$/m.exec(text)
    assert.isNotNull(series, text)
    assert.include(series![1], 'http_response_status_code="200"')
    assert.include(series![1], 'url_scheme="http"')
    assert.match(text, /^http_server_request_duration_bucket\{.*le="0\.005"\} \d+$/m)
    assert.match(text, /^http_server_response_body_size_sum\{.*http_route="\/users\/:name".*\} 21$/m)
    assert.match(text, /^http_server_active_requests\{.*\} 0$/m)
    assert.strictEqual((await example.stop("SIGINT")).code, 0)
  })

  it("reverse-proxy: forwards both bodies, retries, and maps failures of its upstream to statuses", async () => {
    const { ends, example, url } = await started("reverse-proxy")
    const asked: Array<number> = []
    for (let i = 0; i < 4; i++) asked.push(((await (await fetch(url)).json()) as { asked: number }).asked)
    // The upstream refused the third request, and the proxy retried it.
    assert.deepStrictEqual(asked, [1, 2, 4, 5])
    await example.prints(/trying again/)
    const body = "x".repeat(300_000)
    assert.strictEqual(await (await fetch(`${url}/echo`, { method: "POST", body })).text(), body)
    assert.strictEqual((await fetch(`${url}/nowhere`)).status, 404)
    await ends()

    const upstream = createServer((request, response) => {
      response.writeHead(203, "Not Quite", { "Set-Cookie": ["a=1; Path=/", "a=2; Path=/b; Priority=High"] })
      response.end(request.headers.via)
    }).listen(0, "127.0.0.1")
    onTestFinished(() => void upstream.close().closeAllConnections())
    await once(upstream, "listening")
    const { port } = upstream.address() as AddressInfo
    const before = await started("reverse-proxy", { UPSTREAM: `http://127.0.0.1:${port}` })
    const answered = await fetch(before.url, { headers: { via: "1.0 another" } })
    assert.deepStrictEqual([answered.status, answered.statusText], [203, "Not Quite"])
    assert.deepStrictEqual(answered.headers.getSetCookie(), ["a=1; Path=/", "a=2; Path=/b; Priority=High"])
    assert.strictEqual(await answered.text(), "1.0 another, 1.1 reverse-proxy")
    await before.ends()

    const nobody = await started("reverse-proxy", { UPSTREAM: "http://127.0.0.1:1" })
    const refused = await fetch(nobody.url, { method: "POST", body })
    assert.strictEqual(refused.status, 502)
    // The reason is only in the log.
    assert.strictEqual(await refused.text(), "no answer from the upstream\n")
    await nobody.example.prints(/ECONNREFUSED/)
    await nobody.ends()
  })

  it("cluster: two processes respond", async () => {
    const { ends, example, url } = await started("cluster")
    await example.prints(/Listening[^]*Listening/)
    const answers = new Set<string>()
    while (answers.size < 2)
      answers.add(await (await fetch(url, { headers: { connection: "close" } })).text())
    await ends()
  })

  it("legacy: Express beside Effect", async () => {
    const { ends, url } = await started("legacy")
    const post = (body: unknown) =>
      fetch(`${url}/items`, {
        method: "POST",
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" }
      })
    assert.deepStrictEqual(await (await fetch(`${url}/health`)).json(), { healthy: true })
    const added = await post({ name: "milk" })
    assert.strictEqual(added.status, 201)
    assert.strictEqual(added.headers.get("x-served-by"), "express")
    assert.deepStrictEqual(await (await post({})).json(), { error: "an item has a name" })
    assert.deepStrictEqual(await (await fetch(`${url}/items`)).json(), [{ name: "tea" }, { name: "milk" }])
    assert.strictEqual((await fetch(`${url}/nothing`)).status, 404)
    await ends()
  })

  it("upload: reads files as they arrive", async () => {
    const { ends, url } = await started("upload")
    const bytes = new Uint8Array(2_000_000).map((_, i) => i % 251)
    const form = new FormData()
    form.append("file", new Blob([bytes]), "a.bin")
    form.append("file", new Blob(["hi"]), "b.txt")
    const response = await fetch(`${url}/upload`, { method: "POST", body: form })
    const sha256 = (data: Uint8Array | string) => createHash("sha256").update(data).digest("hex")
    assert.deepStrictEqual(await response.json(), [
      { name: "a.bin", bytes: bytes.length, sha256: sha256(bytes) },
      { name: "b.txt", bytes: 2, sha256: sha256("hi") }
    ])
    await ends()
  })

  it("chat: everyone gets the messages, and the notice that the server stops", async () => {
    const { example, url } = await started("chat")
    assert.strictEqual((await fetch(`${url}/chat`)).status, 400)
    const join = async (name: string) => {
      const socket = new WebSocket(`${url.replace("http", "ws")}/chat?name=${name}`)
      const heard: Array<string> = []
      let look = () => {}
      socket.on("message", (data) => {
        heard.push(String(data))
        look()
      })
      const closed = new Promise<number>((resolve) => socket.on("close", resolve))
      const hears = (line: string) =>
        new Promise<void>((resolve) => {
          look = () => heard.includes(line) && resolve()
          look()
        })
      await hears(`${name} is here`)
      return { socket, hears, closed }
    }
    const ann = await join("ann")
    const bob = await join("bob")
    await ann.hears("bob is here")
    ann.socket.send("hello")
    await Promise.all([ann.hears("ann: hello"), bob.hears("ann: hello")])
    bob.socket.close()
    await ann.hears("bob has left")
    const eve = await join("eve")
    eve.socket.send("e".repeat(3001))
    assert.strictEqual(await eve.closed, 1009)
    const [code, { code: exit }] = await Promise.all([ann.closed, example.stop("SIGINT")])
    assert.deepStrictEqual([code, exit], [1001, 0])
  })
})
