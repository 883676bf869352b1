/** Two ends that send the given lines in turn, 10 ms apart, over the network in the context. */
import * as Effect from "effect/Effect"
import { Network } from "@httpfx/core/Network"
import type { Transport, TransportHandlers } from "@httpfx/core/Transport"

const deaf: TransportHandlers = { data() {}, end() {}, drain() {}, error() {}, close() {} }

/** An end and what it does: `FIN` and `RST` end the connection, all other texts are sent as bytes. */
export type Line = readonly [side: "client" | "server", text: string]

export const conversation = (lines: ReadonlyArray<Line>, host = "a.test") =>
  Effect.gen(function* () {
    const network = yield* Network
    let server: Transport | undefined
    const listener = yield* network.listen({ port: 80, host }, (transport) => {
      server = transport
      transport.start(deaf)
    })
    const client = yield* network.connect(listener.address)
    client.start(deaf)
    for (const [side, text] of lines) {
      const transport = side === "client" ? client : server!
      if (text === "FIN") transport.end()
      else if (text === "RST") transport.reset()
      else transport.write(text)
      yield* Effect.sleep(10)
    }
  }).pipe(Effect.scoped)
