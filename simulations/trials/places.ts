/**
 * Connection limits, in total and per address: how many connections are served at a time. Every slot must be
 * released, whichever way its connection ends.
 */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Exchange from "@httpfx/core/Exchange"
import { between, pick } from "../ask.js"
import { connect, host, now, same, serve, type Place, type Trial } from "./trial.js"
import type { Wire } from "./wire.js"

type End = "fin" | "reset" | "close" | "bad" | "upgrade" | "late"

interface Guest {
  readonly wire: Wire
  readonly from: string
}

const get = (place: Place, path: string, fields = "") =>
  `GET ${path} HTTP/1.1\r\nHost: ${host(place)}\r\n${fields}\r\n`
const statusOf = (head: string | undefined) => (head === undefined ? undefined : Number(head.slice(9, 12)))

/**
 * Waits for the next multiple of ten milliseconds. By then FIN has arrived, which takes a round trip, and no
 * idle connection expires at these times.
 */
const pause = (place: Place): Effect.Effect<void> =>
  Effect.suspend(() => Effect.sleep(10 - (now(place) % 10)))

/** Ends a served connection in the given way. */
const end = (place: Place, { wire }: Guest, how: End): Effect.Effect<void> =>
  Effect.gen(function* () {
    switch (how) {
      case "fin":
        wire.transport.end()
        break
      case "reset":
        wire.transport.reset()
        break
      case "close":
        wire.send(get(place, "/", "Connection: close\r\n"))
        break
      case "bad":
        wire.send("nonsense\r\n\r\n")
        break
      case "upgrade":
        wire.send(get(place, "/upgrade", "Connection: Upgrade\r\nUpgrade: short\r\n"))
        break
      case "late":
        break
    }
    yield* wire.until(() => wire.ended)
    wire.transport.end()
    yield* pause(place)
  })

export const places: Trial = (place) =>
  Effect.gen(function* () {
    const { draw } = place
    const addresses = ["a", "b", "c"]
    const ofAddress = between(draw, 1, 3)
    const inAll = draw() < 0.7 ? between(draw, 2, 5) : Infinity
    const resets = draw() < 0.3
    const app = Effect.gen(function* () {
      const { url } = yield* HttpServerRequest.HttpServerRequest
      if (url === "/upgrade")
        yield* Effect.orDie(Effect.flatMap(Exchange.upgrade(), (socket) => socket.write("bye")))
      return HttpServerResponse.text("served")
    })
    const server = yield* serve(
      place,
      app,
      {
        maxConnections: inAll === Infinity ? 0 : inAll,
        maxConnectionsPerAddress: ofAddress,
        whenFull: resets ? "reset" : "answer"
      },
      { keepAliveTimeout: 2_003, keepAliveTimeoutBuffer: 0 }
    )
    let guests: Array<Guest> = []
    yield* pause(place)
    for (let step = 0; step < 14; step++) {
      if (guests.length > 0 && draw() < 0.4) {
        const guest = guests[between(draw, 0, guests.length - 1)]!
        const how = pick<End>(draw, [
          [2, "fin"],
          [2, "reset"],
          [2, "close"],
          [2, "bad"],
          [2, "upgrade"],
          [1, "late"]
        ])
        yield* end(place, guest, how)
        continue
      }
      const from = addresses[between(draw, 0, addresses.length - 1)]!
      const wire = yield* connect(place, from)
      wire.send(get(place, "/"))
      const answer = yield* wire.message
      // Remove idle connections that have expired meanwhile.
      guests = guests.filter(({ wire }) => !wire.ended)
      const beside = guests.filter((guest) => guest.from === from).length
      const served = beside < ofAddress && guests.length < inAll
      same(
        place,
        `step ${step}: beside ${guests.length} of ${inAll}, ${beside} of ${ofAddress} from ${from}`,
        [statusOf(answer?.head), answer?.body],
        served ? [200, "served"] : resets ? [undefined, undefined] : [503, ""]
      )
      if (served) {
        guests.push({ wire, from })
        yield* Effect.fork(
          Effect.map(
            wire.until(() => wire.ended),
            () => wire.transport.end()
          )
        )
      } else {
        yield* wire.until(() => wire.ended)
        wire.transport.end()
        yield* pause(place)
      }
    }
    for (const { wire } of guests) wire.transport.reset()
    yield* pause(place)
    same(place, "connections of the server", yield* server.connections, 0)
  })
