/**
 * `Connection: close` from either side, with every framing: the connection serves no further exchange.
 *
 * The scripted peers leave the connection open, and would send a wrong body to a further request.
 */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Client from "@httpfx/core/Client"
import { between, pick, type Draw } from "../ask.js"
import { agent, connect, host, listen, now, same, serve, type Trial } from "./trial.js"

type Framing = "length" | "chunked" | "trailers" | "empty"

const drawFraming = (draw: Draw): Framing =>
  pick(draw, [
    [2, "length"],
    [3, "chunked"],
    [2, "trailers"],
    [1, "empty"]
  ])

const closes = [
  "Connection: close",
  "connection: Close",
  "Connection: x, close",
  "Connection: keep-alive, CLOSE"
]

const drawClose = (draw: Draw): string => closes[between(draw, 0, closes.length - 1)]!

/** Returns the framing fields, and the body as it is sent. */
const framed = (framing: Framing, body: string): readonly [fields: string, bytes: string] => {
  const half = body.length >> 1
  const chunk = (part: string) => (part === "" ? "" : `${part.length.toString(16)}\r\n${part}\r\n`)
  const chunks = chunk(body.slice(0, half)) + chunk(body.slice(half))
  switch (framing) {
    case "length":
      return [`Content-Length: ${body.length}\r\n`, body]
    case "chunked":
      return ["Transfer-Encoding: chunked\r\n", `${chunks}0\r\n\r\n`]
    case "trailers":
      return ["Transfer-Encoding: chunked\r\nTrailer: x-sum\r\n", `${chunks}0\r\nx-sum: 1\r\n\r\n`]
    case "empty":
      return ["Content-Length: 0\r\n", ""]
  }
}

/**
 * The client sends no further request on a connection after a request or a response with `Connection: close`.
 */
export const closingClient: Trial = (place) =>
  Effect.gen(function* () {
    const { draw } = place
    const count = 5
    const plans = Array.from({ length: count }, () => ({
      framing: drawFraming(draw),
      /**
       * The side that announces the last exchange. `version` means an HTTP/1.0 response, which does not keep
       * the connection by default.
       */
      by: pick(draw, [
        [3, "server" as const],
        [2, "client" as const],
        [1, "version" as const],
        [2, undefined]
      ]),
      field: drawClose(draw),
      split: draw() < 0.5,
      upload: draw() < 0.4
    }))
    const body = (index: number) => (plans[index]!.framing === "empty" ? "" : `answer-${index}`)
    let asked = 0
    const servedBy: Array<number> = []
    const wires = yield* listen(place, (wire, connection) =>
      Effect.gen(function* () {
        while ((yield* wire.message) !== undefined) {
          const index = asked++
          const plan = plans[index]
          servedBy.push(connection)
          if (plan === undefined) return wire.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nstranger")
          const [fields, bytes] = framed(plan.framing, body(index))
          const says = plan.by === "server" ? `${plan.field}\r\n` : ""
          wire.send(
            `HTTP/1.${plan.by === "version" ? 0 : 1} 200 OK\r\n${says}${plan.by === "version" ? `Content-Length: ${body(index).length}\r\n` : fields}\r\n`
          )
          if (plan.split) yield* Effect.sleep(between(draw, 1, 50))
          wire.send(plan.by === "version" ? body(index) : bytes)
        }
        // Some peers close the connection late.
        yield* Effect.sleep(draw() < 0.5 ? 0 : between(draw, 1, 2_000))
      })
    )
    const pool = yield* agent(place, {
      maxSockets: pick(draw, [
        [1, 1],
        [1, Infinity]
      ])
    })
    const client = yield* Client.fromAgent(pool)
    const wanted: Array<number> = []
    let connection = 0
    for (const [index, { by, field, upload }] of plans.entries()) {
      const said = field.slice(field.indexOf(" ") + 1)
      const response = yield* client.request({
        url: `http://${host(place)}/${index}`,
        headers: by === "client" ? ["Connection", said] : [],
        ...(upload && { method: "POST", body: Stream.make(new Uint8Array(3), new Uint8Array(4)) })
      })
      same(place, `the body of ${index}`, yield* response.text, body(index))
      wanted.push(connection)
      const { idle, keys } = yield* pool.state
      const kept = by === undefined
      // A closing connection is listed until its peer has closed, but it no longer uses a slot.
      same(
        place,
        `idle, and keys, after ${index} of ${JSON.stringify(plans)}`,
        [idle, keys.size],
        kept ? [1, 1] : [0, 0]
      )
      if (!kept) {
        const at = now(place)
        const wire = wires[connection]!
        yield* wire.until(() => wire.ended)
        same(place, `the client ended connection ${connection} after so many ms`, now(place) - at, 0)
        connection++
      }
    }
    same(place, `${JSON.stringify(plans)} served by`, servedBy, wanted)
  })

/**
 * The server sends no further response on a connection after a request or a response with `Connection:
 * close`.
 */
export const closingServer: Trial = (place) =>
  Effect.gen(function* () {
    const { draw } = place
    const plan = {
      up: drawFraming(draw),
      streams: draw() < 0.6,
      by: pick(draw, [
        [2, "server" as const],
        [2, "client" as const]
      ]),
      field: drawClose(draw),
      behind: draw() < 0.7,
      split: draw() < 0.5
    }
    const runs: Array<string> = []
    const app = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
      runs.push(request.url)
      const headers = plan.by === "server" ? { connection: "close" } : undefined
      return Effect.map(Effect.orDie(request.text), (text) => {
        const bytes = Buffer.from(text)
        return plan.streams
          ? HttpServerResponse.stream(Stream.make(bytes.subarray(0, 2), bytes.subarray(2)), { headers })
          : HttpServerResponse.text(text, { headers })
      })
    })
    yield* serve(place, app)
    const wire = yield* connect(place)
    const body = plan.up === "empty" ? "" : "hello, world"
    const [fields, bytes] = framed(plan.up, body)
    const head = (path: string, more: string) =>
      `POST ${path} HTTP/1.1\r\nHost: ${host(place)}\r\n${more}\r\n`
    const first = head("/first", fields + (plan.by === "client" ? `${plan.field}\r\n` : "")) + bytes
    const second = plan.behind ? head("/second", "Content-Length: 3\r\n") + "bad" : ""
    const all = first + second
    const cut = plan.split ? between(draw, 1, all.length - 1) : all.length
    wire.send(all.slice(0, cut))
    if (plan.split) {
      yield* Effect.sleep(between(draw, 1, 100))
      wire.send(all.slice(cut))
    }
    const answer = yield* wire.message
    const at = now(place)
    const got = [answer?.body, /\r\nconnection: *close\r\n/i.test(answer?.head ?? "")]
    same(place, `${JSON.stringify(plan)} was answered`, got, [body, true])
    yield* wire.until(() => wire.ended)
    same(
      place,
      `after ${JSON.stringify(plan)}: rest, run, ms to FIN`,
      [wire.text, runs, now(place) - at],
      ["", ["/first"], 0]
    )
    wire.transport.end()
  })
