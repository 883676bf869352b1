/**
 * Helpers for cases of the network battery. They observe both ends of connections, and make bytes whose
 * values depend on their positions. `settled` waits until everything in flight has arrived.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Network, type Listener, type ListenOptions } from "@httpfx/core/Network"
import type { Transport } from "@httpfx/core/Transport"
import { Probe } from "../probe.js"

/** A conformance case for a network. */
export interface NetworkCase {
  readonly name: string
  readonly effect: Effect.Effect<void, unknown, Network>
}

export const loopback: ListenOptions = { port: 0, host: "127.0.0.1" }

const show = (value: unknown) => JSON.stringify(value)

export const equal = (actual: unknown, wanted: unknown, what: string): void => {
  if (show(actual) !== show(wanted)) throw new Error(`${what}: ${show(actual)} instead of ${show(wanted)}`)
}

export const isTrue = (condition: boolean, what: string): void => {
  if (!condition) throw new Error(what)
}

export interface Connected {
  readonly client: Probe
  readonly server: Probe
  readonly listener: Listener
}

/** Opens a connection and returns its two ends, which are not started yet. */
export const connected = (options: ListenOptions = loopback) =>
  Effect.gen(function* () {
    const network = yield* Network
    const accepted = yield* Deferred.make<Transport>()
    const listener = yield* network.listen(options, (transport) => {
      Deferred.unsafeDone(accepted, Effect.succeed(transport))
    })
    const client = new Probe(yield* network.connect(listener.address))
    const server = new Probe(yield* Deferred.await(accepted))
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        client.transport.reset()
        server.transport.reset()
      })
    )
    return { client, server, listener } satisfies Connected
  })

export const started = Effect.map(connected(), (both) => {
  both.client.start()
  both.server.start()
  return both
})

/**
 * Waits until everything in flight on other connections has arrived. Makes round trips on a separate
 * connection for this purpose.
 */
export const settled = Effect.scoped(
  Effect.gen(function* () {
    const { client, server } = yield* started
    server.onData = (chunk) => void server.write(chunk)
    for (let round = 1; round <= 5; round++) {
      client.write("x")
      yield* client.until(() => client.received === round)
    }
  })
)

/** Creates bytes whose values depend on their positions. */
export const pattern = (length: number, offset = 0): Uint8Array => {
  const bytes = new Uint8Array(length)
  for (let index = 0; index < length; index++)
    bytes[index] = ((offset + index) * 31 + ((offset + index) >> 8)) & 255
  return bytes
}

/**
 * Compares the bytes that an end receives with the pattern. The returned function tells whether all bytes so
 * far were equal to the pattern.
 */
export const checked = (probe: Probe): (() => boolean) => {
  let offset = 0
  let right = true
  probe.onData = (chunk) => {
    const wanted = pattern(chunk.length, offset)
    for (let index = 0; index < chunk.length; index++) right &&= chunk[index] === wanted[index]
    offset += chunk.length
  }
  return () => right
}

const drainsOf = (probe: Probe) => probe.log.filter((event) => event === "drain").length

/**
 * Writes `total` bytes of the pattern and waits for `drain` under backpressure. Returns the number of waits.
 */
export const pour = (probe: Probe, total: number, size: number) =>
  Effect.gen(function* () {
    let waits = 0
    for (let offset = 0; offset < total; offset += size) {
      const drains = drainsOf(probe)
      if (probe.write(pattern(Math.min(size, total - offset), offset))) continue
      waits++
      yield* probe.until(() => drainsOf(probe) > drains)
    }
    return waits
  })

export const mebibyte = 1024 * 1024

/**
 * Writes bytes of the pattern until the transport reports backpressure. Returns the number of written bytes,
 * which differs between systems.
 */
export const clog = (probe: Probe) =>
  Effect.gen(function* () {
    let total = 0
    for (;;) {
      const drains = drainsOf(probe)
      for (let more = true; more; total += 16 * 1024) {
        isTrue(total < 64 * mebibyte, "the writer was never held back")
        more = probe.write(pattern(16 * 1024, total))
      }
      yield* settled
      if (probe.transport.buffered > 0 && drainsOf(probe) === drains) return total
    }
  })

export const scoped = (
  name: string,
  effect: Effect.Effect<unknown, unknown, Network | Scope.Scope>
): NetworkCase => ({
  name,
  effect: Effect.asVoid(Effect.scoped(effect))
})
