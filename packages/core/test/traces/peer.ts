/** The scripted side of a conversation. It records the end of its connection as a line. */
import * as Effect from "effect/Effect"
import { Network, type Transport } from "@httpfx/core"
import type { Trace } from "./trace.js"

export interface Peer {
  readonly transport: Transport.Transport
  readonly send: (text: string) => Effect.Effect<void>
  readonly end: Effect.Effect<void>
  readonly reset: Effect.Effect<void>
  /** All bytes received, one character per byte. */
  readonly received: () => string
}

/**
 * Drives one end of a connection. Calls `told` with all bytes received so far when bytes arrive, and `atEnd`
 * when FIN arrives.
 */
export const peerOf = (
  trace: Trace,
  transport: Transport.Transport,
  told: (received: string) => void = () => {},
  atEnd: () => void = () => {}
): Peer => {
  let received = ""
  transport.start({
    data: (chunk) => {
      for (const byte of chunk) received += String.fromCharCode(byte)
      told(received)
    },
    end: () => {
      trace.say("peer sees the end")
      atEnd()
    },
    drain: () => {},
    error: (fault) => trace.say(`peer sees ${fault.code}`),
    close: () => {}
  })
  const act = (line: string, f: () => void) =>
    Effect.sync(() => {
      trace.say(line)
      f()
    })
  return {
    transport,
    received: () => received,
    send: (text) => act(`peer sends ${text.length}`, () => void transport.write(text)),
    end: act("peer ends", () => transport.end()),
    reset: act("peer resets", () => transport.reset())
  }
}

/** Connects a scripted client, and resets its connection at the end of the conversation. */
export const connected = (trace: Trace, address: Transport.Address) =>
  Effect.acquireRelease(
    Effect.map(Network.connect(address), (transport) => peerOf(trace, transport)),
    ({ transport }) => Effect.sync(() => transport.reset())
  )
