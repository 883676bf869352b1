/**
 * Text with multi-byte characters that are cut by segments, by chunks, and by the end of a body. Decoding
 * must never mix bodies, even if another body ended within a character or several bodies arrive at the same
 * time.
 */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Client from "@httpfx/core/Client"
import { between, pick, type Draw } from "../ask.js"
import { agent, connect, host, listen, same, serve, type Trial } from "./trial.js"
import type { Wire } from "./wire.js"

const characters = ["a", "é", "ж", "漢", "€", "𝒳", "👩‍🚀", "\u0301", "\n"]

interface Text {
  readonly bytes: Uint8Array
  /** The text that decoding must return. */
  readonly text: string
}

const drawText = (draw: Draw): Text => {
  const count = between(draw, 1, 20)
  const text = Array.from({ length: count }, () => characters[between(draw, 0, characters.length - 1)]!).join(
    ""
  )
  const whole = Buffer.from(text)
  // Some bodies end within a character, which decodes to the replacement character.
  const bytes = draw() < 0.4 ? whole.subarray(0, between(draw, 1, whole.length)) : whole
  return { bytes, text: new TextDecoder().decode(bytes) }
}

/** Splits bytes at random offsets. */
const cut = (draw: Draw, bytes: Uint8Array): ReadonlyArray<Uint8Array> => {
  const pieces: Array<Uint8Array> = []
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + between(draw, 1, 6))
    pieces.push(bytes.subarray(at, end))
    at = end
  }
  return pieces
}

const send = (draw: Draw, wire: Wire, head: string, bytes: Uint8Array): Effect.Effect<void> =>
  Effect.gen(function* () {
    const chunked = draw() < 0.5
    wire.send(`${head}${chunked ? "Transfer-Encoding: chunked" : `Content-Length: ${bytes.length}`}\r\n\r\n`)
    for (const piece of cut(draw, bytes)) {
      if (draw() < 0.6) yield* Effect.sleep(between(draw, 1, 9))
      if (chunked) wire.send(`${piece.length.toString(16)}\r\n`)
      wire.send(piece)
      if (chunked) wire.send("\r\n")
    }
    if (chunked) wire.send("0\r\n\r\n")
  })

const gather = <E>(body: Stream.Stream<Uint8Array, E>): Effect.Effect<string, E> =>
  Effect.map(Stream.runCollect(body), (pieces) => new TextDecoder().decode(Buffer.concat([...pieces])))

const atOnce = { concurrency: "unbounded", discard: true } as const

/** A client reads several texts at the same time over one agent, in all ways that it has. */
export const textsOfClient: Trial = (place) =>
  Effect.gen(function* () {
    const { draw } = place
    const texts = Array.from({ length: 9 }, () => drawText(draw))
    yield* listen(place, (wire) =>
      Effect.gen(function* () {
        for (let asked = yield* wire.message; asked !== undefined; asked = yield* wire.message) {
          const index = Number(asked.head.slice(5, asked.head.indexOf(" HTTP")))
          yield* send(draw, wire, "HTTP/1.1 200 OK\r\n", texts[index]!.bytes)
        }
      })
    )
    const client = yield* Client.fromAgent(yield* agent(place))
    const url = (index: number) => `http://${host(place)}/${index}`
    const ways = [
      (index: number) => Effect.flatMap(client.request({ url: url(index) }), (response) => response.text),
      (index: number) => Effect.flatMap(client.httpClient.get(url(index)), (response) => response.text),
      (index: number) => Effect.flatMap(client.request({ url: url(index) }), ({ body }) => gather(body))
    ]
    const reader = (first: number) =>
      Effect.gen(function* () {
        for (let index = first; index < texts.length; index += 3) {
          const way = between(draw, 0, ways.length - 1)
          same(place, `text ${index}, way ${way}`, yield* ways[way]!(index), texts[index]!.text)
        }
      })
    yield* Effect.all([0, 1, 2].map(reader), atOnce)
  })

/** Handlers read texts and send them back. */
export const textsOfServer: Trial = (place) =>
  Effect.gen(function* () {
    const { draw } = place
    const texts = Array.from({ length: 9 }, () => drawText(draw))
    const app = Effect.gen(function* () {
      const request = yield* HttpServerRequest.HttpServerRequest
      const index = Number(request.url.slice(1))
      const way = pick(draw, [
        [2, request.text],
        [1, gather(request.stream)]
      ])
      const text = yield* Effect.orDie(way)
      same(place, `request ${index}`, text, texts[index]!.text)
      return HttpServerResponse.text(text)
    })
    yield* serve(place, app)
    const writer = (first: number) =>
      Effect.gen(function* () {
        const wire = yield* connect(place)
        for (let index = first; index < texts.length; index += 3) {
          const { bytes, text } = texts[index]!
          yield* send(draw, wire, `PUT /${index} HTTP/1.1\r\nHost: ${host(place)}\r\n`, bytes)
          const answer = yield* wire.message
          same(place, `answer ${index}`, Buffer.from(answer?.body ?? "", "latin1").toString(), text)
        }
        wire.transport.end()
      })
    yield* Effect.all([0, 1, 2].map(writer), atOnce)
  })
