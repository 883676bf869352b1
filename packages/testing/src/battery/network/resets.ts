/**
 * How connections are cut, and what each end still learns.
 */
import * as Effect from "effect/Effect"
import { abandon, isLost } from "@httpfx/core/Transport"
import { clog, connected, equal, isTrue, scoped, settled, started } from "./case.js"

export const resets = [
  scoped(
    "a reset is seen as ECONNRESET by the peer, as close by the one that did it",
    Effect.gen(function* () {
      const { client, server } = yield* started
      client.write("x")
      yield* server.saw("data")
      client.call((transport) => transport.reset())
      yield* server.saw("close")
      yield* client.saw("close")
      equal([client.log, server.log], [["close"], ["data", "error ECONNRESET", "close"]], "what was told")
      equal([client.reentered, server.reentered], [false, false], "callbacks inside calls")
    })
  ),
  scoped(
    "a reset right after the end is a reset",
    Effect.gen(function* () {
      const { client, server } = yield* started
      client.call((transport) => transport.end())
      client.call((transport) => transport.reset())
      yield* client.saw("close")
      equal(client.log, ["close"], "what was told")
      yield* server.until(() => server.log.length > 0)
      server.write("x")
      yield* settled
      server.write("y")
      yield* server.saw("close")
      isTrue(!server.transport.writable, "still writable")
    })
  ),
  scoped(
    "after the peer's FIN its reset goes unnoticed, and our end closes",
    Effect.gen(function* () {
      const { client, server } = yield* started
      client.call((transport) => transport.end())
      yield* server.saw("end")
      client.call((transport) => transport.reset())
      yield* client.saw("close")
      yield* settled
      server.call((transport) => transport.end())
      yield* server.saw("close")
      equal(server.log, ["end", "close"], "what was told")
    })
  ),
  scoped(
    "a paused end does not see RST, and reads what came before it first",
    Effect.gen(function* () {
      const { client, server } = yield* started
      server.call((transport) => transport.pause())
      client.write("last words")
      yield* settled
      client.call((transport) => transport.reset())
      yield* settled
      equal(server.log, [], "what a paused end was told")
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
    "a paused end can ask whether it was reset, bytes before it or not, where it is TCP",
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
      equal(server.log, [], "what a paused end was told")
    })
  ),
  scoped(
    "a FIN alone does not lose a connection",
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
    "an abandoned end is told of its close at once, and what it had sent arrives",
    Effect.gen(function* () {
      const { client, server } = yield* started
      server.write("goodbye")
      server.call((transport) => transport.end())
      server.call((transport) => abandon(transport))
      yield* server.saw("close")
      yield* client.saw("end")
      equal([client.text, client.log], ["goodbye", ["data", "end"]], "what the peer was told")
      equal([server.log, server.reentered], [["close"], false], "what the abandoning end was told")
      equal(server.transport.writable, false, "writable afterwards")
    })
  ),
  scoped(
    "what is sent to an abandoned end is refused",
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
      equal(server.log, ["close"], "what the abandoning end was told")
    })
  ),
  scoped(
    "a connection that nobody has started survives the reset of its peer, and tells of it when started",
    Effect.gen(function* () {
      const { client, server } = yield* connected()
      client.start()
      client.call((transport) => transport.reset())
      yield* client.saw("close")
      yield* settled
      server.start()
      equal(server.log, [], "told inside start")
      yield* server.saw("close")
      equal(server.log, ["error ECONNRESET", "close"], "what was told")
    })
  ),
  scoped(
    "a failed write waits until the answer that came before it has been read",
    Effect.gen(function* () {
      const { client, server } = yield* connected()
      server.start().write("413 too large")
      yield* settled
      server.call((transport) => transport.reset())
      yield* settled
      // The system takes the first write or refuses it; it refuses the later ones.
      for (let round = 0; round < 3; round++) {
        client.write("upload")
        yield* settled
      }
      equal(client.transport.writable, false, "writable after a failed write")
      client.start()
      yield* client.saw("close")
      equal([client.text, client.log.length, client.log[0]], ["413 too large", 3, "data"], "what was told")
      isTrue(/^error (ECONNRESET|EPIPE)$/.test(client.log[1] ?? ""), `${client.log[1]} instead of the error`)
    })
  ),
  scoped(
    "a failed write is told at once to one that does not read",
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
      equal(client.log.length, 2, "told besides the error and close")
      isTrue(/^error (ECONNRESET|EPIPE)$/.test(client.log[0] ?? ""), `${client.log[0]} instead of the error`)
      equal(client.reentered, false, "callbacks inside calls")
    })
  ),
  scoped(
    "a writer that waits for drain learns that the peer is gone",
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
