// A drain under load, on real sockets. No accepted request may be lost, and no request may follow a response
// with `Connection: close`.
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type * as HttpApp from "@effect/platform/HttpApp"
import { Network, Server, type Transport } from "@httpfx/core"
import { NodeNetwork } from "@httpfx/node"
import { get, post } from "../support/served.js"

/** A client that sends the next request after each response, until a response has `Connection: close`. */
class Client {
  sent = 0
  answered = 0
  /** Requests without a response when the connection ended, although no response had `Connection: close`. */
  lost = 0
  over: Promise<void>
  private text = ""
  private last = false

  constructor(
    private readonly transport: Transport.Transport,
    private readonly body: boolean
  ) {
    this.over = new Promise((done) =>
      transport.start({
        data: (chunk) => this.data(chunk),
        end: () => transport.end(),
        drain: () => {},
        error: () => {},
        close: () => {
          if (this.sent > this.answered) this.lost++
          done()
        }
      })
    )
  }

  send(): void {
    this.sent++
    const request = this.body ? post("/", "x".repeat(5000)) : get()
    // Two segments, so that a drain may begin between them.
    this.transport.write(request.slice(0, 20))
    this.transport.write(request.slice(20))
  }

  private data(chunk: Uint8Array): void {
    this.text += new TextDecoder("latin1").decode(chunk)
    if (!this.text.endsWith("<answer>")) return
    this.answered++
    this.last ||= this.text.includes("Connection: close")
    this.text = ""
    if (this.last) this.transport.end()
    else this.send()
  }
}

it.live("A server that drains under load loses no request that it has accepted", () =>
  Effect.gen(function* () {
    const served = { connections: 0, begun: 0, answered: 0 }
    const app = Effect.gen(function* () {
      served.begun++
      const request = yield* HttpServerRequest.HttpServerRequest
      yield* Effect.orDie(request.text)
      yield* Effect.sleep(served.begun % 4)
      return HttpServerResponse.text("<answer>")
    })
    const scope = yield* Scope.make()
    const server = yield* Scope.extend(
      Server.make({ port: 0, host: "127.0.0.1", lameDuckPeriod: "20 millis" }),
      scope
    )
    yield* server.observe((event) => {
      if (event._tag === "ConnectionOpened") served.connections++
      if (event._tag === "ExchangeEnded" && event.outcome._tag === "Answered") served.answered++
    })
    yield* Scope.extend(server.httpServer.serve(app as HttpApp.Default<unknown>), scope)
    const clients: Array<Client> = []
    let refused = 0
    // Connects further clients until the server has stopped listening.
    const join = Effect.matchEffect(Network.connect(server.address), {
      onFailure: () => Effect.sync(() => refused++),
      onSuccess: (transport) =>
        Effect.sync(() => {
          const client = new Client(transport, clients.length % 3 === 0)
          clients.push(client)
          client.send()
        })
    })
    yield* Effect.repeatN(join, 31)
    yield* Effect.sleep("50 millis")
    const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
    yield* Effect.whileLoop({ while: () => refused === 0, body: () => join, step: () => {} })
    yield* Effect.promise(() => Promise.all(clients.map(({ over }) => over)))
    yield* closing.await
    const sum = (of: (client: Client) => number) => clients.reduce((total, client) => total + of(client), 0)
    expect(sum(({ answered }) => answered)).toBeGreaterThan(100)
    expect(served.answered).toBe(served.begun)
    expect(sum(({ answered }) => answered)).toBe(served.begun)
    // Such requests were sent on connections that the system had established, but that the server had not
    // accepted before its listener closed.
    expect(sum(({ lost }) => lost)).toBe(clients.length - served.connections)
    expect(yield* server.connections).toBe(0)
  }).pipe(Effect.scoped, Effect.provide(NodeNetwork.layer))
)
