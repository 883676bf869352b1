/**
 * `timeouts.total` limits a call with all its attempts and waits, and `timeouts.attempt` limits each attempt.
 * Tested for both clients, with every feature that makes attempts or waits, in virtual time.
 */
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import { pipe } from "effect/Function"
import * as Layer from "effect/Layer"
import { Client, RateLimit, Retry } from "@httpfx/core"
import { MemoryNetwork, Origin, Quiet, VirtualClock } from "@httpfx/testing"

type Face = (
  client: Client.Service,
  path: string,
  timeouts: Client.Timeouts | undefined
) => Effect.Effect<string, unknown>

const url = "http://a.test"

const faces: Record<string, Face> = {
  Client: (client, path, timeouts) =>
    Effect.flatMap(client.request({ url: url + path, timeouts }), ({ text }) => text),
  "platform's": (client, path, timeouts) => {
    const text = Effect.flatMap(client.httpClient.get(url + path), ({ text }) => text)
    return timeouts === undefined ? text : Client.withRequestOptions(text, { timeouts })
  }
}

const ok = HttpServerResponse.text("ok")

/**
 * The path tells the server what to do: `/wait/300` responds after 300 ms, `/busy/2` responds with 503 and
 * `Retry-After: 2`.
 */
const reply: Origin.Route["reply"] = ({ target }) => {
  const [, verb, value = "0"] = target.split("/")
  switch (verb) {
    case "wait":
      return Effect.delay(Effect.succeed(ok), Number(value))
    case "busy":
      return Effect.succeed(HttpServerResponse.empty({ status: 503, headers: { "retry-after": value } }))
    case "hop":
      return Effect.delay(
        Effect.succeed(
          HttpServerResponse.empty({
            status: 302,
            headers: { location: value === "0" ? "/ok" : `/hop/${Number(value) - 1}` }
          })
        ),
        100
      )
    default:
      return Effect.succeed(ok)
  }
}

interface Row {
  readonly path: string
  readonly timeouts: Client.Timeouts
  readonly fails: string | undefined
  /** Milliseconds from the start to the end of the call. */
  readonly after: number
  readonly calls: number
  readonly text?: string
}

describe.each(Object.keys(faces))("The %s client", (name) => {
  const run = (
    compose: (client: Client.Service) => Client.Service,
    { path, timeouts, ...expected }: Row,
    from: "request" | "client"
  ) =>
    Effect.gen(function* () {
      const origin = yield* Origin.make({ host: "a.test" }, { reply, optional: true })
      const client = compose(
        yield* from === "client" ? Client.make({ timeouts }) : Client.make({ timeouts: { total: "1 hour" } })
      )
      const call = faces[name]!(client, path, from === "client" ? undefined : timeouts)
      const [took, result] = yield* Quiet.complete(Effect.timed(Effect.either(call)))
      const { length } = yield* origin.calls
      const error = Either.isLeft(result) ? causeOf(result.left) : undefined
      assert.deepStrictEqual({ fails: error?._tag, after: Duration.toMillis(took), calls: length }, expected)
      if (error?._tag === "RequestTimedOut") assert.strictEqual(error.limit, timeouts.total)
    }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(MemoryNetwork.layer(), VirtualClock.layer())))

  const table = (
    compose: Effect.Effect<(client: Client.Service) => Client.Service, unknown>,
    rows: Record<string, Row>
  ) => {
    for (const from of ["request", "client"] as const)
      for (const [title, row] of Object.entries(rows))
        it.live(`${title}, set for the ${from}`, () =>
          Effect.flatMap(compose, (compose) => run(compose, row, from))
        )
  }

  describe("with retries", () => {
    // With `base: 0` the delays between attempts are 0, so that the times are predictable.
    table(Effect.map(Retry.make({ times: 3, base: 0 }), Retry.client), {
      "ends at the total, within an attempt": {
        path: "/wait/10000",
        timeouts: { head: 200, total: 500 },
        fails: "RequestTimedOut",
        after: 500,
        calls: 3
      },
      "limits each attempt": {
        path: "/wait/10000",
        timeouts: { attempt: 200 },
        fails: "AttemptTimedOut",
        after: 800,
        calls: 4
      },
      "ends at the total, with limits of attempts": {
        path: "/wait/10000",
        timeouts: { attempt: 200, total: 500 },
        fails: "RequestTimedOut",
        after: 500,
        calls: 3
      },
      "does not begin a wait that the total does not permit": {
        path: "/busy/2",
        timeouts: { total: 5_000 },
        fails: undefined,
        after: 4_000,
        calls: 3
      },
      "has no limit where the total is lifted": {
        path: "/wait/10000",
        timeouts: { head: 200, total: Infinity },
        fails: "HeadTimedOut",
        after: 800,
        calls: 4
      }
    })
  })

  describe("with redirects", () => {
    table(
      Effect.succeed((client) => Client.followRedirects(client)),
      {
        "ends at the total": {
          path: "/hop/9",
          timeouts: { total: 450 },
          fails: "RequestTimedOut",
          after: 450,
          calls: 5
        },
        "limits each hop": {
          path: "/hop/9",
          timeouts: { attempt: 150 },
          fails: undefined,
          after: 1_000,
          calls: 11
        }
      }
    )
  })

  describe("with retries around redirects", () => {
    table(
      Effect.map(
        Retry.make({ times: 3, base: 0 }),
        (policy) => (client) => Retry.client(policy)(Client.followRedirects(client))
      ),
      {
        "ends at the total": {
          path: "/hop/9",
          timeouts: { head: 150, total: 450 },
          fails: "RequestTimedOut",
          after: 450,
          calls: 5
        }
      }
    )
  })

  it.live("with a rate limit: the wait counts, and ends at the total", () =>
    Effect.gen(function* () {
      yield* Origin.make({ host: "a.test" }, { reply, optional: true })
      const limits = yield* RateLimit.make({ requests: 1, interval: "1 second" })
      const client = pipe(yield* Client.make(), RateLimit.client(limits))
      const ask = (path: string, timeouts: Client.Timeouts) =>
        Effect.map(Effect.timed(Effect.either(faces[name]!(client, path, timeouts))), ([took, result]) => [
          Duration.toMillis(took),
          Either.isLeft(result) ? causeOf(result.left)._tag : result.right
        ])
      const all = yield* Quiet.complete(
        Effect.all(
          [
            ask("/ok", { total: 100 }),
            ask("/ok", { total: 100 }),
            ask("/wait/300", { total: 1_100 }),
            ask("/ok", { total: 2_100 })
          ],
          { concurrency: "unbounded" }
        )
      )
      assert.deepStrictEqual(all, [
        [0, "ok"],
        [100, "RequestTimedOut"],
        [1_100, "RequestTimedOut"],
        [2_000, "ok"]
      ])
      assert.strictEqual(yield* limits.waiting(url), 0)
    }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(MemoryNetwork.layer(), VirtualClock.layer())))
  )

  it.live("makes a request of `onRetry` a separate call", () =>
    Effect.gen(function* () {
      yield* Origin.make({ host: "a.test" }, { reply, optional: true })
      const inner = yield* Client.make()
      const seen: Array<string> = []
      const onRetry = () =>
        faces[name]!(inner, "/wait/400", { attempt: Infinity, total: 500 }).pipe(
          Effect.map((text) => void seen.push(text)),
          Effect.orDie
        )
      const client = Retry.client(yield* Retry.make({ times: 2, base: 0, onRetry }))(inner)
      const error = yield* Quiet.complete(
        Effect.flip(faces[name]!(client, "/wait/10000", { attempt: 200, total: 2_000 }))
      )
      assert.strictEqual(causeOf(error)._tag, "AttemptTimedOut")
      assert.deepStrictEqual(seen, ["ok", "ok"])
    }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(MemoryNetwork.layer(), VirtualClock.layer())))
  )
})

const causeOf = (error: unknown): { readonly _tag: string; readonly limit?: number } => {
  const { _tag, cause } = error as { readonly _tag: string; readonly cause?: never }
  return _tag === "RequestError" || _tag === "ResponseError" ? cause! : (error as never)
}
