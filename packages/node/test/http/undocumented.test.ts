/** What libraries reach into, on the built-in module and on ours: each test does what a library does. */
import type { ClientRequest, OutgoingMessage, ServerResponse } from "node:http"
import { describe, expect, it } from "vitest"
import { ask, implementations, serving, textOf } from "./implementations.js"

/** The object's own symbol of that name, as those look for it who cannot import it. */
const symbolNamed = (object: object, name: string): symbol | undefined =>
  Object.getOwnPropertySymbols(object).find((symbol) => String(symbol) === `Symbol(${name})`)

describe.each(implementations)("%s", (_name, http) => {
  // Cypress, @sectester/runner: what was received goes on as it came, though `setHeader` would refuse it.
  it("fields are found and set by Symbol(kOutHeaders)", async () => {
    type Fields = { [lower: string]: [string, unknown] }
    const fieldsOf = (message: OutgoingMessage) => message as unknown as { [key: symbol]: Fields | null }
    let before: Fields | null | undefined
    const answer = await serving(
      http.createServer((_req, res: ServerResponse) => {
        const key = symbolNamed(res, "kOutHeaders")!
        before = fieldsOf(res)[key]
        res.setHeader("X-One", "1")
        fieldsOf(res)[key]!["x-two"] = ["X-Two", ["2", "3"]]
        res.removeHeader("x-one")
        res.end(`${res.getHeaderNames()} ${res.getHeader("x-two")}`)
      }),
      (port) => ask(http, { port })
    )
    expect(before).toBe(null)
    expect(answer.text).toBe("x-two 2,3")
    expect(answer.res.rawHeaders.slice(0, 4)).toEqual(["X-Two", "2", "X-Two", "3"])
    const outgoing = new http.OutgoingMessage()
    fieldsOf(outgoing)[symbolNamed(outgoing, "kOutHeaders")!] = { a: ["A", "b"] }
    expect(outgoing.getHeaders()).toEqual({ a: "b" })
  })

  it("what a message keeps to itself bears Node's names", async () => {
    const seen: Array<object> = []
    let byName: unknown
    await serving(
      http.createServer((req, res) => {
        seen.push(req, res)
        const { headers } = req
        byName = (req as unknown as { [key: symbol]: unknown })[symbolNamed(req, "kHeaders")!] === headers
        res.end()
      }),
      (port) => ask(http, { port })
    )
    const [req, res] = seen.map((object) => Object.getOwnPropertySymbols(object).map(String))
    for (const name of ["kHeaders", "kHeadersCount", "kTrailers", "kTrailersCount"]) {
      expect(req).toContain(`Symbol(${name})`)
    }
    for (const name of ["kOutHeaders", "kNeedDrain", "kBytesWritten", "kHighWaterMark", "kUniqueHeaders"]) {
      expect(res).toContain(`Symbol(${name})`)
    }
    expect(byName).toBe(true)
  })

  // morgan keeps a `_startTime` on both messages; servers are extended.
  it("objects have room for members of any name", async () => {
    const seen: Array<unknown> = []
    const server = new http.Server((req, res) => {
      for (const message of [req, res] as Array<{ _startTime?: unknown }>) {
        seen.push("_startTime" in message)
        message._startTime = "mine"
      }
      res.on("close", () => seen.push((res as { _startTime?: unknown })._startTime))
      res.end("x")
    })
    const members = ["timers", "httpConnections", "messageClass", "responseClass", "shouldUpgrade"]
    for (const name of members) {
      seen.push(name in server)
      Object.assign(server, { [name]: "mine" })
    }
    const { text } = await serving(server, (port) => ask(http, { port }))
    expect(text).toBe("x")
    expect(seen).toEqual([...members.map(() => false), false, false, "mine"])
  })

  // http-proxy-agent changes what waits for a socket.
  it("what waits for a socket is counted with its head, and goes out as it is in outputData", async () => {
    interface Waiting {
      outputData: Array<{ data: string | Uint8Array }>
      outputSize: number
      _header: string | null
    }
    const answer = await serving(
      http.createServer((req, res) => res.end(`${req.url} ${req.headers["content-length"]}`)),
      (port) =>
        new Promise<string>((resolve, reject) => {
          const agent = new http.Agent()
          const later = agent as unknown as { addRequest(req: ClientRequest, options: object): void }
          const { addRequest } = later
          later.addRequest = (req, options) => {
            setImmediate(() => {
              const waiting = req as unknown as Waiting & { path: string; _implicitHeader(): void }
              const sizes = waiting.outputData.reduce((sum, { data }) => sum + data.length, 0)
              const before = [waiting.outputSize, req.writableLength].map((size) => size - sizes)
              const [first] = waiting.outputData
              const text = String(first!.data)
              const whole = text.startsWith(waiting._header!)
              waiting._header = null
              waiting.path = "/other"
              waiting._implicitHeader()
              first!.data = waiting._header! + text.slice(text.indexOf("\r\n\r\n") + 4)
              req.on("response", (res) => {
                void textOf(res).then((body) => resolve([...before, whole, body].join()))
              })
              addRequest.call(agent, req, options)
            })
          }
          const req = http.request({ host: "127.0.0.1", port, agent, method: "POST" })
          req.on("error", reject)
          req.end("abc")
        })
    )
    expect(answer).toBe("0,0,true,/other 3")
  })
})
