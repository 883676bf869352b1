/**
 * The limit of a request body is exceeded by the first piece, midway, by the last byte, or not at all. The
 * reader must fail at that moment. If the handler does not handle the failure, the server sends 413 while the
 * client is still sending.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { between, pick, type Draw } from "../ask.js"
import { connect, host, now, same, serve, tens, type Trial } from "./trial.js"

interface Plan {
  /** The limit in bytes. `ofRoute` tells whether it belongs to the route or to the server. */
  readonly limit: number
  readonly ofRoute: boolean
  /** The size of each piece in bytes. */
  readonly sizes: ReadonlyArray<number>
  readonly gap: number
  readonly framing: "announced" | "chunked"
  readonly reader: "bytes" | "text" | "stream"
  /** The status with which the handler handles the failure. `undefined` if it does not handle the failure. */
  readonly handled: number | undefined
}

const drawPlan = (draw: Draw, ofServer: number): Plan => {
  const ofRoute = draw() < 0.5
  const limit = ofRoute ? between(draw, 1, 3_000) : ofServer
  const count = between(draw, 1, 6)
  const size = pick(draw, [
    [2, limit],
    [2, limit + 1],
    [1, between(draw, 1, limit)],
    [2, 2 * limit + between(draw, 0, 100)],
    [1, 10 * limit]
  ])
  const most = Math.max(1, Math.floor(size / count))
  const sizes = Array.from({ length: count }, () => most)
  sizes[between(draw, 0, count - 1)]! += size - most * count
  return {
    limit,
    ofRoute,
    sizes: sizes.filter((size) => size > 0),
    gap: tens(draw, 10, 200),
    framing: draw() < 0.3 ? "announced" : "chunked",
    reader: pick(draw, [
      [1, "bytes"],
      [1, "text"],
      [1, "stream"]
    ]),
    handled: draw() < 0.3 ? 422 : undefined
  }
}

export const sizes: Trial = (place) =>
  Effect.gen(function* () {
    const { draw } = place
    const ofServer = between(draw, 1, 3_000)
    const plans = Array.from({ length: 5 }, () => drawPlan(draw, ofServer))
    /** The time at which each reader failed, and the limit in its failure. */
    const told: Array<readonly [at: number, limit: unknown] | undefined> = []
    const app = Effect.gen(function* () {
      const request = yield* HttpServerRequest.HttpServerRequest
      const index = Number(request.url.slice(1))
      const { handled, limit, ofRoute, reader } = plans[index]!
      const length =
        reader === "bytes"
          ? Effect.map(request.arrayBuffer, ({ byteLength }) => byteLength)
          : reader === "text"
            ? Effect.map(request.text, ({ length }) => length)
            : Stream.runFold(request.stream, 0, (sum, bytes) => sum + bytes.length)
      const answer = length.pipe(
        Effect.map((length) => HttpServerResponse.text(String(length))),
        Effect.tapError(({ cause }) =>
          Effect.sync(() => {
            told[index] = [now(place), (cause as { readonly limit?: unknown }).limit]
          })
        )
      )
      const own =
        handled === undefined
          ? answer
          : Effect.orElseSucceed(answer, () => HttpServerResponse.empty({ status: handled }))
      return yield* ofRoute
        ? HttpServerRequest.withMaxBodySize(own, Option.some(FileSystem.Size(limit)))
        : own
    })
    // The server sends the refusal if no handler handles the failure.
    yield* serve(
      place,
      app as Effect.Effect<HttpServerResponse.HttpServerResponse, never, HttpServerRequest.HttpServerRequest>,
      { maxBodySize: ofServer }
    )
    for (const [index, plan] of plans.entries()) {
      const { framing, gap, handled, limit, sizes } = plan
      const size = sizes.reduce((sum, size) => sum + size, 0)
      const wire = yield* connect(place)
      const began = now(place)
      const fields = framing === "announced" ? `Content-Length: ${size}` : "Transfer-Encoding: chunked"
      wire.send(`PUT /${index} HTTP/1.1\r\nHost: ${host(place)}\r\n${fields}\r\n\r\n`)
      const sending = Effect.gen(function* () {
        for (const size of sizes) {
          yield* Effect.sleep(gap)
          const bytes = "x".repeat(size)
          wire.send(framing === "announced" ? bytes : `${size.toString(16)}\r\n${bytes}\r\n`)
        }
        if (framing === "chunked") wire.send("0\r\n\r\n")
      })
      yield* Effect.fork(sending)
      const answer = yield* wire.message
      const got = [Number(answer?.head.slice(9, 12)), answer?.body, now(place) - began, told[index]]
      let crossedAt = framing === "announced" && size > limit ? 0 : undefined
      let sum = 0
      for (const [place, size] of sizes.entries()) {
        sum += size
        if (sum > limit) crossedAt ??= (place + 1) * gap
      }
      const wanted =
        crossedAt === undefined
          ? [200, String(size), gap * sizes.length, undefined]
          : [handled ?? 413, "", crossedAt, [began + crossedAt, limit]]
      same(place, JSON.stringify({ plan, ofServer }), got, wanted)
      wire.transport.end()
    }
  })
