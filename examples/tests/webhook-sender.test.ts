/**
 * A webhook sender: signs each event, retries for an hour with growing delays, and gives up on refused
 * events.
 */
import { HttpServerResponse } from "@effect/platform"
import { expect, it } from "@effect/vitest"
import { Client } from "@httpfx/core"
import { MemoryNetwork, Origin, Quiet } from "@httpfx/testing"
import { Data, Effect, Layer, Schedule } from "effect"
import { createHmac } from "node:crypto"

interface Event {
  readonly id: string
  readonly type: string
}
class Refused extends Data.TaggedError("Refused")<{ readonly status: number }> {}
class NotDelivered extends Data.TaggedError("NotDelivered")<{ readonly reason: string }> {}

const secret = "whsec_test"
const sign = (body: string) => createHmac("sha256", secret).update(body).digest("hex")

const send = (url: string, event: Event) => {
  const body = JSON.stringify(event)
  const attempt = Client.request({
    url,
    method: "POST",
    body,
    headers: { "content-type": "application/json", "webhook-id": event.id, "webhook-signature": sign(body) },
    timeouts: { total: "10 seconds" }
  }).pipe(
    Effect.flatMap((response) => Effect.as(response.text, response.status)),
    Effect.mapError((error) => new NotDelivered({ reason: error._tag })),
    Effect.filterOrFail(
      (status) => status < 300,
      (status) => (status < 500 ? new Refused({ status }) : new NotDelivered({ reason: String(status) }))
    )
  )
  return Effect.retry(attempt, {
    while: (error) => error._tag === "NotDelivered",
    schedule: Schedule.exponential("1 second").pipe(Schedule.upTo("1 hour"))
  })
}

const world = Layer.provideMerge(Client.layer, MemoryNetwork.layer())
const event = { id: "evt_1", type: "order.paid" }
const url = "http://shop.test/hooks"
const isSigned = ({ headers, text }: Origin.Call) => headers["webhook-signature"] === sign(text)

it.scoped("tries again after a failure, a reset and silence, with the same event", () =>
  Effect.gen(function* () {
    const shop = yield* Origin.make(
      { host: "shop.test" },
      {
        method: "POST",
        path: "/hooks",
        json: event,
        headers: { "webhook-id": "evt_1" },
        when: isSigned,
        times: 4,
        reply: [
          HttpServerResponse.empty({ status: 503 }),
          Origin.reset(),
          Effect.never,
          HttpServerResponse.empty({ status: 204 })
        ]
      }
    )
    expect(yield* Quiet.complete(send(url, event))).toBe(204)
    yield* shop.assertAllCalled
    const times = (yield* shop.calls).map(({ time }) => time)
    // Delays of 1 s, 2 s and 4 s, the last one after a timeout of 10 s.
    expect(times.map((time) => time - times[0]!)).toEqual([0, 1_000, 3_000, 17_000])
  }).pipe(Effect.provide(world))
)

it.scoped("does not insist where it is refused", () =>
  Effect.gen(function* () {
    const shop = yield* Origin.make(
      { host: "shop.test" },
      { reply: HttpServerResponse.empty({ status: 410 }) }
    )
    expect(yield* Effect.flip(Quiet.complete(send(url, event)))).toEqual(new Refused({ status: 410 }))
    expect(yield* shop.calls).toHaveLength(1)
  }).pipe(Effect.provide(world))
)

it.scoped("gives up after an hour, where nobody listens", () =>
  Effect.gen(function* () {
    expect(yield* Effect.flip(Quiet.complete(send("http://gone.test/", event)))).toMatchObject({
      _tag: "NotDelivered",
      reason: "NameNotResolved"
    })
  }).pipe(Effect.provide(world))
)
