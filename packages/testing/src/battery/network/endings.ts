/**
 * Cases of the network battery about half-close, about close, and about new handlers for a connection that is
 * handed over.
 */
import * as Effect from "effect/Effect"
import { checked, clog, equal, scoped, settled, started } from "./case.js"
import { Probe } from "../probe.js"

export const endings = [
  ...(["client", "server"] as const).map((first) =>
    scoped(
      `half-close: the ${first} sends FIN first and still reads`,
      Effect.gen(function* () {
        const both = yield* started
        const early = both[first]
        const late = first === "client" ? both.server : both.client
        early.write("question")
        early.call((transport) => transport.end())
        yield* late.saw("end")
        equal(early.write("more"), false, "a write after the end")
        equal(
          [late.text, early.transport.writable, late.transport.writable],
          ["question", false, true],
          "half-closed"
        )
        late.write("answer")
        yield* early.until(() => early.text === "answer")
        late.call((transport) => transport.end())
        yield* early.saw("close")
        yield* late.saw("close")
        equal(early.log, ["data", "end", "close"], "events of the end that closed first")
        equal(late.log, ["data", "end", "close"], "events of the other end")
        equal([early.reentered, late.reentered], [false, false], "callbacks inside calls")
      })
    )
  ),
  scoped(
    "buffered bytes are sent before FIN",
    Effect.gen(function* () {
      const { client, server } = yield* started
      const right = checked(server)
      server.call((transport) => transport.pause())
      const total = yield* clog(client)
      client.call((transport) => transport.end())
      server.call((transport) => transport.resume())
      yield* server.saw("end")
      equal([server.received, right()], [total, true], "bytes before FIN")
    })
  ),
  scoped(
    "close is reported once, and later calls have no effect",
    Effect.gen(function* () {
      const { client, server } = yield* started
      client.call((transport) => transport.end())
      server.call((transport) => transport.end())
      yield* client.saw("close")
      yield* server.saw("close")
      for (const probe of [client, server]) {
        probe.call((transport) => {
          equal(
            [transport.write("x"), transport.writable, transport.buffered],
            [false, false, 0],
            "after close"
          )
          transport.end()
          transport.reset()
          transport.pause()
          transport.resume()
          transport.cork()
          transport.uncork()
          transport.ref()
          transport.unref()
          transport.noDelay(true)
          transport.keepAlive(true, 1000)
        })
      }
      yield* settled
      equal(
        [client.log, server.log],
        [
          ["end", "close"],
          ["end", "close"]
        ],
        "events"
      )
    })
  ),
  scoped(
    "a paused end does not report FIN",
    Effect.gen(function* () {
      const { client, server } = yield* started
      server.call((transport) => transport.pause())
      client.write("last")
      client.call((transport) => transport.end())
      yield* settled
      equal(server.log, [], "events of the paused end")
      server.call((transport) => transport.resume())
      yield* server.saw("end")
      equal([server.text, server.log], ["last", ["data", "end"]], "after resuming")
    })
  )
]

export const owners = [
  scoped(
    "start replaces the handlers, in the middle of the data too",
    Effect.gen(function* () {
      const { client, server } = yield* started
      const next = new Probe(server.transport)
      server.onData = () => next.start()
      client.write("one")
      yield* server.saw("data")
      client.write("two")
      yield* next.until(() => next.text === "two")
      client.call((transport) => transport.end())
      yield* next.saw("end")
      equal([server.text, server.log], ["one", ["data"]], "events of the first handlers")
    })
  ),
  scoped(
    "new handlers on a connection that was reset get close alone",
    Effect.gen(function* () {
      const { client, server } = yield* started
      server.write("on its way")
      yield* client.saw("data")
      server.write("on its way")
      client.call((transport) => transport.reset())
      const next = new Probe(client.transport).start()
      yield* next.saw("close")
      yield* settled
      equal([client.log, next.log], [["data"], ["close"]], "events")
    })
  ),
  scoped(
    "new handlers get the FIN and the close that earlier ones have seen",
    Effect.gen(function* () {
      const { client, server } = yield* started
      client.call((transport) => transport.end())
      yield* server.saw("end")
      const next = new Probe(server.transport).start()
      equal(next.log, [], "events inside start")
      yield* next.saw("end")
      next.call((transport) => transport.end())
      yield* next.saw("close")
      equal([server.log, next.log], [["end"], ["end", "close"]], "events")
      const last = new Probe(server.transport).start()
      yield* last.saw("close")
      equal(last.log, ["end", "close"], "events of handlers set after the end")
    })
  )
]
