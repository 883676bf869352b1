/**
 * Upgrades and tunnels: the bytes of both sides from the first byte after the head, the byte counts in the
 * outcome, and the state of agent and server directly after the upgrade.
 */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Client from "@httpfx/core/Client"
import * as Exchange from "@httpfx/core/Exchange"
import * as ExchangeOutcome from "@httpfx/core/ExchangeOutcome"
import type { Socket } from "@httpfx/core/Socket"
import { between, pick, type Draw } from "../ask.js"
import { agent, connect, host, now, same, serve, type Trial } from "./trial.js"

// Bytes that look like HTTP but must not be parsed.
const stranger = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrongGET / HTTP/1.1\r\n\r\n"

const drawBytes = (draw: Draw): string => {
  const from = between(draw, 0, stranger.length - 2)
  const text = stranger.slice(from, between(draw, from + 1, stranger.length))
  return draw() < 0.2 ? text.repeat(between(draw, 1, 2_000)) : text
}

interface Plan {
  readonly connect: boolean
  /** The pieces that each side sends. */
  readonly up: ReadonlyArray<string>
  readonly down: ReadonlyArray<string>
  readonly endedBy: "client" | "server"
}

const drawPlan = (draw: Draw): Plan => ({
  connect: draw() < 0.4,
  up: Array.from({ length: between(draw, 1, 4) }, () => drawBytes(draw)),
  down: Array.from({ length: between(draw, 1, 4) }, () => drawBytes(draw)),
  endedBy: pick(draw, [
    [1, "client"],
    [1, "server"]
  ])
})

/** Reads this many bytes, or up to the end. */
const readAll = (socket: Socket, length: number): Effect.Effect<string, unknown> =>
  Effect.gen(function* () {
    let text = ""
    while (text.length < length) {
      const bytes = yield* socket.read
      if (Option.isNone(bytes)) break
      text += Buffer.from(bytes.value).toString("latin1")
    }
    return text
  })

const writeAll = (
  draw: Draw,
  pieces: ReadonlyArray<string>,
  write: (piece: string) => Effect.Effect<void, unknown>
) =>
  Effect.forEach(
    pieces,
    (piece, index) =>
      // The first piece directly follows the head.
      Effect.zipRight(
        index > 0 && draw() < 0.5 ? Effect.sleep(between(draw, 1, 60)) : Effect.void,
        write(piece)
      ),
    { discard: true }
  )

/** Stores the outcome of an exchange and its time. */
class Seen {
  outcome: ExchangeOutcome.ExchangeOutcome | undefined = undefined
  at = 0

  forget(): void {
    this.outcome = undefined
  }
}

export const takeovers: Trial = (place) =>
  Effect.gen(function* () {
    const { draw } = place
    let plan = drawPlan(draw)
    const seen = new Seen()
    const swapped = (socket: Socket): Effect.Effect<void, unknown> =>
      Effect.gen(function* () {
        const { down, endedBy, up } = plan
        const writing = yield* Effect.fork(writeAll(draw, down, (piece) => socket.write(piece)))
        const wanted = up.join("")
        same(
          place,
          `the server read, ${JSON.stringify(plan).slice(0, 200)}`,
          yield* readAll(socket, wanted.length),
          wanted
        )
        yield* writing
        if (endedBy === "client")
          same(place, "the server read to the end", (yield* readAll(socket, 1)).length, 0)
      })
    const app = Effect.gen(function* () {
      const request = yield* HttpServerRequest.HttpServerRequest
      if (request.url.startsWith("/plain")) return HttpServerResponse.text("plain")
      if (request.url.startsWith("/refused")) return HttpServerResponse.text("no", { status: 426 })
      yield* ExchangeOutcome.onEnd((ended) => {
        seen.outcome = ended
        seen.at = now(place)
      })
      yield* Effect.orDie(Effect.flatMap(Exchange.upgrade(), swapped))
      return HttpServerResponse.empty()
    })
    const server = yield* serve(place, app)
    const url = `http://${host(place)}`
    const tunnel = { host: host(place), path: "far.test:443" }

    const pool = yield* agent(place, { maxSockets: 1 })
    const client = yield* Client.fromAgent(pool)
    const state = Effect.map(pool.state, ({ connecting, idle, keys, open, queued }) => [
      open,
      idle,
      connecting,
      queued,
      keys.size
    ])
    const plain = (what: string) =>
      Effect.gen(function* () {
        const response = yield* client.request({ url: `${url}/plain`, timeouts: { total: 1_003 } })
        same(place, `${what}: a request is answered`, yield* response.text, "plain")
        same(place, `${what}: open, idle, connecting, queued, keys`, yield* state, [1, 1, 0, 0, 1])
      })

    // Our client upgrades a connection of our server.
    const reused = draw() < 0.5
    if (reused) yield* plain("before")
    yield* Effect.scoped(
      Effect.gen(function* () {
        const { down, endedBy, up } = plan
        const asked = plan.connect
          ? client.upgrade({ method: "CONNECT", url: tunnel })
          : client.upgrade({ url: `${url}/up`, protocol: "swap" })
        const upgrade = yield* asked
        if (upgrade._tag !== "Switched")
          return place.broken(`${place.name}: ${upgrade.response.status}, not switched`)
        same(place, "switched: open, idle, connecting, queued, keys", yield* state, [0, 0, 0, 0, 0])
        const { socket } = upgrade
        // The upgrade has released the slot, so the next request is served while the other protocol
        // continues.
        const writing = yield* Effect.fork(writeAll(draw, up, (piece) => socket.write(piece)))
        if (draw() < 0.5) yield* plain("beside")
        const wanted = down.join("")
        same(place, "the client read", yield* readAll(socket, wanted.length), wanted)
        yield* writing
        if (endedBy === "client") yield* socket.end
        else same(place, "the client read to the end", (yield* readAll(socket, 1)).length, 0)
        yield* socket.end
        yield* socket.closed
      })
    )
    yield* Effect.sleep(1)
    const told = () => {
      const { outcome } = seen
      return [outcome?._tag, outcome?.status, outcome?.upgraded?.protocol, outcome?.upgraded?.endedBy]
    }
    const wanted = () => [
      "Answered",
      plan.connect ? 200 : 101,
      plan.connect ? "connect" : "swap",
      plan.endedBy
    ]
    same(place, "the outcome", told(), wanted())
    yield* plain("after")
    const refused = yield* Effect.scoped(
      Effect.flatMap(client.upgrade({ url: `${url}/refused`, protocol: "swap" }), ({ _tag, response }) =>
        Effect.map(response.text, (text) => [_tag, response.status, text])
      )
    )
    same(place, "a refusal", refused, ["Answered", 426, "no"])
    same(place, "refused: open, idle, connecting, queued, keys", yield* state, [1, 1, 0, 0, 1])

    // A scripted client sends its first bytes together with the head, and counts all bytes.
    plan = drawPlan(draw)
    seen.forget()
    const { down, endedBy, up } = plan
    const wire = yield* connect(place)
    const head = plan.connect
      ? `CONNECT far.test:443 HTTP/1.1\r\nHost: far.test:443\r\n\r\n`
      : `GET /up HTTP/1.1\r\nHost: ${host(place)}\r\nConnection: Upgrade\r\nUpgrade: swap\r\n\r\n`
    const all = [head + up[0]!, ...up.slice(1)]
    yield* writeAll(draw, all, (piece) => Effect.sync(() => wire.send(piece)))
    const answer = yield* wire.head
    same(place, "by hand: the answer", Number(answer?.slice(9, 12)), plan.connect ? 200 : 101)
    same(place, "by hand: the client read", yield* wire.take(down.join("").length), down.join(""))
    if (endedBy === "client") wire.transport.end()
    yield* wire.until(() => wire.ended)
    const ended = now(place)
    wire.transport.end()
    yield* Effect.sleep(1)
    same(place, "by hand: the outcome", told(), wanted())
    same(
      place,
      `by hand: bytes in, out, when it ended (${JSON.stringify(plan).slice(0, 200)})`,
      [seen.outcome?.bytesIn, seen.outcome?.bytesOut, seen.at],
      [wire.sent, wire.received, ended]
    )
    // Only the agent's idle connection is left.
    same(place, "connections of the server", yield* server.connections, 1)
  })
