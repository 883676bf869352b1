// The programs that have budgets. Each exports `run(count)`, which sends `count` requests one after the
// other, each in a new turn of the event loop, and `writes()`, the number of writes of the measured side.
import { HttpRouter, HttpServer, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { Client, Server } from "@httpfx/core"
import http from "@httpfx/node/http"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { Duplex } from "node:stream"
import { networkOf, ScriptedTransport } from "./transport.mjs"

/** Number of turns of the event loop that the harness itself has scheduled. */
export const own = { turns: 0 }
const nextTurn = (f) => {
  own.turns++
  setImmediate(f)
}

const get = Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
const json = JSON.stringify({ name: "Ada Lovelace", tags: ["one", "two"] })
const put = Buffer.from(
  `PUT /users/42 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${json.length}\r\n\r\n${json}`
)

/** Sends a request, and sends it again whenever as many bytes have arrived as the first response had. */
const asking = async (request, receive) => {
  const state = { expected: Infinity, came: 0, left: 0, done: undefined }
  const turn = () => receive(request)
  const written = (length) => {
    state.came += length
    if (state.came < state.expected) return
    state.came -= state.expected
    if (--state.left > 0) nextTurn(turn)
    else state.done()
  }
  const begin = async () => {
    receive(request)
    await new Promise((resolve) => setTimeout(resolve, 200))
    state.expected = state.came
    state.came = 0
    if (state.expected === 0) throw new Error("nothing was answered")
  }
  const run = (count) =>
    new Promise((resolve) => {
      state.left = count
      state.done = resolve
      turn()
    })
  return { begin, run, written }
}

const effectServer = async (serving, request) => {
  const transport = new ScriptedTransport((length) => written(length))
  const { begin, run, written } = await asking(request, (bytes) => transport.receive(bytes))
  const { accept, network, tag } = networkOf(transport)
  const layer = Layer.provideMerge(serving, Server.layer({ port: 80 })).pipe(
    Layer.provide(Layer.succeed(tag, network))
  )
  await ManagedRuntime.make(layer).runPromise(HttpServer.HttpServer)
  accept()
  await begin()
  return { run, writes: () => transport.writes }
}

const user = Effect.flatMap(
  Effect.all([HttpRouter.params, Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ json }) => json)]),
  ([{ id }, body]) => HttpServerResponse.json({ id: Number(id), ...body, active: true })
)
const other = HttpServerResponse.text("another")
const routes = Array.from({ length: 16 }, (_, n) => n).reduce(
  (router, n) =>
    router.pipe(HttpRouter.get(`/things${n}`, other), HttpRouter.post(`/things${n}/:id/parts/:part`, other)),
  HttpRouter.empty
)

/** A socket that costs as much as `stream.Duplex`. */
class ScriptedSocket extends Duplex {
  writes = 0
  constructor(written) {
    super({ allowHalfOpen: true, decodeStrings: false })
    this.written = written
  }
  _read() {}
  _write(chunk, _encoding, done) {
    this.writes++
    this.written(chunk.length)
    done()
  }
  _writev(chunks, done) {
    this.writes++
    for (const { chunk } of chunks) this.written(chunk.length)
    done()
  }
}

const callbackServer = async () => {
  const socket = new ScriptedSocket((length) => written(length))
  const { begin, run, written } = await asking(get, (bytes) => socket.push(bytes))
  const server = http.createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/plain", "content-length": 13 })
    response.end("Hello, World!")
  })
  server.emit("connection", socket)
  await begin()
  return { run, writes: () => socket.writes }
}

const response = Buffer.from(
  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!"
)

const effectClient = async () => {
  const transport = new ScriptedTransport(() => nextTurn(answer))
  const answer = () => transport.receive(response)
  const { network, tag } = networkOf(transport)
  const runtime = ManagedRuntime.make(Client.layer.pipe(Layer.provide(Layer.succeed(tag, network))))
  const client = await runtime.runPromise(Client.Client)
  const once = Effect.flatMap(client.request({ url: "http://api.test/" }), (response) => response.text)
  const run = (count) => {
    let left = count
    return runtime.runPromise(
      Effect.whileLoop({
        while: () => left-- > 0,
        body: () => once,
        step: (text) => {
          if (text !== "Hello, World!") throw new Error(text)
        }
      })
    )
  }
  return { run, writes: () => transport.writes }
}

export const programs = {
  "hello, Effect": () =>
    effectServer(HttpServer.serve(Effect.sync(() => HttpServerResponse.text("Hello, World!"))), get),
  "JSON in and out by a router, Effect": () =>
    effectServer(HttpServer.serve(routes.pipe(HttpRouter.put("/users/:id", user))), put),
  "hello, callbacks": callbackServer,
  "request of a client, Effect": effectClient
}
