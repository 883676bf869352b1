/**
 * A graceful shutdown: the load balancer notices first, in-flight requests and streams complete, and nothing
 * is left.
 */
import { HttpClient, HttpRouter, HttpServer, HttpServerResponse } from "@effect/platform"
import { expect, it } from "@effect/vitest"
import { Client, Server, Shutdown } from "@httpfx/core"
import { Leaks, MemoryNetwork, Quiet } from "@httpfx/testing"
import { Duration, Effect, Exit, Fiber, Layer, Schedule, Scope, Stream } from "effect"

const ticks = Stream.repeatValue("tick\n").pipe(
  Stream.schedule(Schedule.spaced("1 second")),
  Stream.encodeText,
  Shutdown.endAtDrain,
  Effect.map((stream) => HttpServerResponse.stream(stream))
)

const router = HttpRouter.empty.pipe(
  HttpRouter.get("/ready", Effect.flatMap(Server.Server, Server.readiness)),
  HttpRouter.get("/report", Effect.delay(HttpServerResponse.text("the report"), "8 seconds")),
  HttpRouter.get("/ticks", ticks)
)

const service = HttpServer.serve(router).pipe(
  Layer.provideMerge(Server.layer({ host: "app.test", port: 80, lameDuckPeriod: "5 seconds" }))
)
const network = Layer.provideMerge(Client.layer, MemoryNetwork.layer())

const get = (path: string) => HttpClient.get(`http://app.test${path}`)
const textOf = (path: string) => Effect.flatMap(get(path), (response) => response.text)
const statusOf = (path: string) =>
  Effect.flatMap(get(path), (response) => Effect.as(response.text, response.status))

it.effect("stops in good order", () =>
  Effect.gen(function* () {
    const running = yield* Scope.make()
    yield* Scope.extend(Layer.build(service), running)
    expect(yield* statusOf("/ready")).toBe(200)

    const report = yield* Effect.fork(textOf("/report"))
    const stream = yield* Effect.fork(textOf("/ticks"))
    yield* Quiet.complete(Effect.sleep("3 seconds"))
    const stopping = yield* Effect.fork(Scope.close(running, Exit.void))

    // The balancer still sends requests, and they are served.
    yield* Quiet.complete(Effect.sleep("1 second"))
    expect(yield* statusOf("/ready")).toBe(503)

    const [took] = yield* Quiet.complete(Effect.timed(Fiber.join(stopping)))
    expect(yield* report).toBe("the report")
    expect(yield* stream).toMatch(/^(tick\n){7,8}$/)
    expect((yield* Effect.flip(get("/ready")))._tag).toBe("RequestError")
    // The rest of the lame-duck period (one of five seconds has passed), then the grace of idle connections.
    expect(Duration.toSeconds(took)).toBeLessThan(6)
  }).pipe(Effect.scoped, Effect.provide(network), Leaks.check)
)
