/**
 * Cases of the network battery about resets and lost connections.
 */
import * as Effect from "effect/Effect"
import { abandon, isLost } from "@httpfx/core/Transport"
import { clog, connected, equal, isTrue, scoped, settled, started } from "./case.js"

export const resets = [
  scoped(
    "a reset is ECONNRESET for the peer, and close for the end that sent it",
    Effect.gen(function* () {
      const { client, server } = yield* started
      client.write("x")
      yield* server.saw("data")
      client.call((transport) => transport.reset())
      yield* server.saw("close")
      yield* client.saw("close")
      equal([client.log, server.log], [["close"], ["data", "error ECONNRESET", "close"]], "events")
      equal([client.reentered, server.reentered], [false, false], "callbacks inside calls")
    })
  ),
  scoped(
    "a reset right after FIN is reported as a reset",
    Effect.gen(function* () {
      const { client, server } = yield* started
      client.call((transport) => transport.end())
      client.call((transport) => transport.reset())
      yield* client.saw("close")
      equal(client.log, ["close"], "events")
      yield* server.until(() => server.log.length > 0)
      server.write("x")
      yield* settled
      server.write("y")
      yield* server.saw("close")
      isTrue(!server.transport.writable, "still writable")
    })
  ),
  scoped(
    "after the peer's FIN its reset is not reported, and our end closes",
    Effect.gen(function* () {
      const { client, server } = yield* started
      client.call((transport) => transport.end())
      yield* server.saw("end")
      client.call((transport) => transport.reset())
      yield* client.saw("close")
      yield* settled
      server.call((transport) => transport.end())
      yield* server.saw("close")
      equal(server.log, ["end", "close"], "events")
    })
  ),
  scoped(
    "a paused end does not report RST, and first reads the bytes before it",
    Effect.gen(function* () {
      const { client, server } = yield* started
      server.call((transport) => transport.pause())
      client.write("last words")
      yield* settled
      client.call((transport) => transport.reset())
      yield* settled
      equal(server.log, [], "events of the paused end")
      server.call((transport) => transport.resume())
      yield* server.saw("close")
      equal(
        [server.text, server.log],
        ["last words", ["data", "error ECONNRESET", "close"]],
        "after resuming"
      )
    })
  ),
  scoped(
    "over TCP a paused end can query a reset, with or without unread bytes",
    Effect.gen(function* () {
      const { client, server } = yield* started
      server.call((transport) => transport.pause())
      client.write("last words")
      yield* settled
      equal(isLost(server.transport), false, "lost before the reset")
      client.call((transport) => transport.reset())
      yield* client.saw("close")
      yield* settled
      const isTcp = server.transport.local?._tag === "TcpAddress"
      equal(isLost(server.transport), isTcp, "lost after the reset")
      equal(server.log, [], "events of the paused end")
    })
  ),
  scoped(
    "a FIN alone does not count as a lost connection",
    Effect.gen(function* () {
      const { client, server } = yield* started
      server.call((transport) => transport.pause())
      client.write("last words")
      client.call((transport) => transport.end())
      yield* settled
      equal(isLost(server.transport), false, "lost after FIN")
    })
  ),
  scoped(
    "abandon reports close at once, and the bytes sent before arrive",
    Effect.gen(function* () {
      const { client, server } = yield* started
      server.write("goodbye")
      server.call((transport) => transport.end())
      server.call((transport) => abandon(transport))
      yield* server.saw("close")
      yield* client.saw("end")
      equal([client.text, client.log], ["goodbye", ["data", "end"]], "events of the peer")
      equal([server.log, server.reentered], [["close"], false], "events of the abandoned end")
      equal(server.transport.writable, false, "writable afterwards")
    })
  ),
  scoped(
    "bytes sent to an abandoned end are answered with a reset",
    Effect.gen(function* () {
      const { client, server } = yield* started
      server.call((transport) => transport.end())
      yield* client.saw("end")
      server.call((transport) => abandon(transport))
      yield* server.saw("close")
      yield* settled
      for (let round = 0; round < 3; round++) {
        client.write("more")
        yield* settled
      }
      yield* client.saw("close")
      isTrue(
        /^error (ECONNRESET|EPIPE)$/.test(client.log[client.log.length - 2] ?? ""),
        `${client.log.join(", ")}: no error before close`
      )
      equal(server.log, ["close"], "events of the abandoned end")
    })
  ),
  scoped(
    "an unstarted connection survives a reset by its peer, and reports it when started",
    Effect.gen(function* () {
      const { client, server } = yield* connected()
      client.start()
      client.call((transport) => transport.reset())
      yield* client.saw("close")
      yield* settled
      server.start()
      equal(server.log, [], "events inside start")
      yield* server.saw("close")
      equal(server.log, ["error ECONNRESET", "close"], "events")
    })
  ),
  scoped(
    "a failed write is reported after the bytes that arrived before it",
    Effect.gen(function* () {
      const { client, server } = yield* connected()
      server.start().write("413 too large")
      yield* settled
      server.call((transport) => transport.reset())
      yield* settled
      // The system may accept the first write after the reset, but it refuses later writes.
      for (let round = 0; round < 3; round++) {
        client.write("upload")
        yield* settled
      }
      equal(client.transport.writable, false, "writable after a failed write")
      client.start()
      yield* client.saw("close")
      equal([client.text, client.log.length, client.log[0]], ["413 too large", 3, "data"], "events")
      isTrue(/^error (ECONNRESET|EPIPE)$/.test(client.log[1] ?? ""), `${client.log[1]} instead of the error`)
    })
  ),
  scoped(
    "a failed write is reported at once to an end that does not read",
    Effect.gen(function* () {
      const { client, server } = yield* started
      client.call((transport) => transport.pause())
      server.call((transport) => transport.reset())
      yield* settled
      for (let round = 0; round < 3; round++) {
        client.write("upload")
        yield* settled
      }
      yield* client.saw("close")
      equal(client.log.length, 2, "events besides the error and close")
      isTrue(/^error (ECONNRESET|EPIPE)$/.test(client.log[0] ?? ""), `${client.log[0]} instead of the error`)
      equal(client.reentered, false, "callbacks inside calls")
    })
  ),
  scoped(
    "a writer that waits for drain gets an error when the peer is gone",
    Effect.gen(function* () {
      const { client, server } = yield* started
      server.call((transport) => transport.pause())
      client.call((transport) => transport.pause())
      yield* clog(client)
      server.call((transport) => transport.reset())
      yield* client.saw("close")
      isTrue(
        /^error (ECONNRESET|EPIPE)$/.test(client.log[client.log.length - 2] ?? ""),
        "no error before close"
      )
    })
  )
]
