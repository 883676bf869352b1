/**
 * What every `Network` must do, as named effects: a network passes when all of them succeed.
 *
 * It holds for TCP of an operating system and for the network in memory alike, so it asks nothing that only one of them
 * can promise, and it never sleeps: what must not happen is looked for after round trips on another connection. A
 * failed expectation is a defect with a message.
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { Network, type Listener, type ListenOptions } from "@httpfx/core/Network"
import { tcp, unix, type Address, type Transport } from "@httpfx/core/Transport"
import { Probe } from "./internal/probe.js"

/**
 * One promise of a network.
 *
 * @since 0.1.0
 * @category models
 */
export interface Case {
  readonly name: string
  readonly effect: Effect.Effect<void, unknown, Network>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** A path that a listener may bind, another at each call. */
  readonly path: () => string
}

const loopback: ListenOptions = { port: 0, host: "127.0.0.1" }

const show = (value: unknown) => JSON.stringify(value)

const equal = (actual: unknown, wanted: unknown, what: string): void => {
  if (show(actual) !== show(wanted)) throw new Error(`${what}: ${show(actual)} instead of ${show(wanted)}`)
}

const isTrue = (condition: boolean, what: string): void => {
  if (!condition) throw new Error(what)
}

interface Connected {
  readonly client: Probe
  readonly server: Probe
  readonly listener: Listener
}

/** A connection whose ends are not yet started. */
const connected = (options: ListenOptions = loopback) =>
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

const started = Effect.map(connected(), (both) => {
  both.client.start()
  both.server.start()
  return both
})

/** After it, everything that was under way elsewhere and could arrive has arrived. */
const settled = Effect.scoped(
  Effect.gen(function* () {
    const { client, server } = yield* started
    server.onData = (chunk) => void server.write(chunk)
    for (let round = 1; round <= 5; round++) {
      client.write("x")
      yield* client.until(() => client.received === round)
    }
  })
)

/** Bytes whose place in a stream can be told from their value. */
const pattern = (length: number, offset = 0): Uint8Array => {
  const bytes = new Uint8Array(length)
  for (let index = 0; index < length; index++)
    bytes[index] = ((offset + index) * 31 + ((offset + index) >> 8)) & 255
  return bytes
}

/** Checks what arrives at an end against the pattern. */
const checked = (probe: Probe): (() => boolean) => {
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

/** Writes `total` bytes of the pattern, waiting for `drain` when told to. Gives how often it had to wait. */
const pour = (probe: Probe, total: number, size: number) =>
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

const mebibyte = 1024 * 1024

/**
 * Writes until the peer's flow control holds bytes back. Gives how many bytes of the pattern it wrote: systems differ
 * in how much they take.
 */
const clog = (probe: Probe) =>
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

const scoped = (name: string, effect: Effect.Effect<unknown, unknown, Network | Scope.Scope>): Case => ({
  name,
  effect: Effect.asVoid(Effect.scoped(effect))
})

const bytesAndOrder = [
  scoped(
    "bytes arrive, and both ends know each other's addresses",
    Effect.gen(function* () {
      const { client, server, listener } = yield* started
      server.onData = (chunk) => void server.write(chunk)
      client.write("hello")
      yield* client.until(() => client.text === "hello")
      equal(server.transport.local, listener.address, "the server's address")
      equal(client.transport.remote, listener.address, "the address connected to")
      equal(client.transport.local, server.transport.remote, "the client's address")
      equal([client.reentered, server.reentered], [false, false], "callbacks inside calls")
    })
  ),
  scoped(
    "the characters of a string are bytes",
    Effect.gen(function* () {
      const { client, server } = yield* started
      const text = String.fromCharCode(...Array.from({ length: 256 }, (_, index) => index))
      client.write(text)
      yield* server.until(() => server.received === 256)
      equal(
        server.chunks.flatMap((chunk) => Array.from(chunk)),
        Array.from({ length: 256 }, (_, index) => index),
        "the bytes"
      )
    })
  ),
  scoped(
    "a body follows its head, be it small or large",
    Effect.gen(function* () {
      for (const size of [1, 1000, 16 * 1024, 16 * 1024 + 1, mebibyte]) {
        const { client, server } = yield* started
        client.write("head", pattern(size))
        client.write("tail")
        yield* server.until(() => server.received === size + 8)
        const { text } = server
        equal([text.slice(0, 4), text.slice(-4)], ["head", "tail"], `around ${size} bytes`)
        const body = new Uint8Array(size)
        for (let index = 0; index < size; index++) body[index] = text.charCodeAt(4 + index)
        isTrue(
          pattern(size).every((byte, index) => byte === body[index]),
          `a body of ${size} bytes came out changed`
        )
      }
    })
  ),
  scoped(
    "between cork and uncork nothing goes out",
    Effect.gen(function* () {
      const { client, server } = yield* started
      client.call((transport) => transport.cork())
      client.write("a")
      client.write("b")
      yield* settled
      equal(server.log, [], "what came while corked")
      client.call((transport) => transport.uncork())
      yield* server.until(() => server.text === "ab")
      equal(server.chunks.length, 1, "chunks")
    })
  ),
  scoped(
    "a chunk received is never written again",
    Effect.gen(function* () {
      const { client, server } = yield* started
      for (let round = 0; round < 50; round++) {
        client.write(`${round};`)
        yield* server.until(() => server.text.endsWith(`${round};`))
      }
      const text = Array.from({ length: 50 }, (_, round) => `${round};`).join("")
      equal(server.text, text, "all that came, looked at once more")
    })
  )
]

const flowControl = [
  scoped(
    "large transfers in both directions at once, waiting for drain",
    Effect.gen(function* () {
      const { client, server } = yield* started
      const total = 8 * mebibyte
      const right = [checked(client), checked(server)]
      yield* Effect.all([pour(client, total, 50_000), pour(server, total, 70_000)], { concurrency: 2 })
      yield* client.until(() => client.received === total)
      yield* server.until(() => server.received === total)
      equal(
        right.map((check) => check()),
        [true, true],
        "the bytes in their order"
      )
    })
  ),
  scoped(
    "a paused reader holds the writer back, and nothing is delivered to it",
    Effect.gen(function* () {
      const { client, server } = yield* started
      const right = checked(server)
      server.call((transport) => transport.pause())
      const total = yield* clog(client)
      isTrue(!client.write(""), "a full transport asks to wait")
      equal(server.log, [], "what a paused end was told")
      const drains = client.log.length
      server.call((transport) => transport.resume())
      yield* server.until(() => server.received === total)
      yield* client.until(() => client.transport.buffered === 0 && client.log.length > drains)
      isTrue(right(), "the bytes came out of order")
      isTrue(client.log.includes("drain"), "no drain")
    })
  ),
  scoped(
    "pausing in the middle stops at once, resuming goes on where it stopped",
    Effect.gen(function* () {
      const { client, server } = yield* started
      const right = checked(server)
      const check = server.onData
      let late = 0
      let paused = false
      server.onData = (chunk) => {
        check(chunk)
        if (paused) late++
        paused = true
        server.call((transport) => transport.pause())
      }
      const writing = yield* Effect.fork(pour(client, mebibyte, 10_000))
      while (server.received < mebibyte) {
        const before = server.received
        paused = false
        server.call((transport) => transport.resume())
        yield* server.until(() => server.received > before)
      }
      yield* Fiber.join(writing)
      equal([late, right()], [0, true], "chunks after a pause, and their order")
    })
  ),
  scoped(
    "pausing before the start reads nothing",
    Effect.gen(function* () {
      const { client, server } = yield* connected()
      server.call((transport) => transport.pause())
      server.start()
      client.start().write("x")
      yield* settled
      equal(server.log, [], "what it was told")
      server.call((transport) => transport.resume())
      yield* server.saw("data")
    })
  )
]

const endings = [
  ...(["client", "server"] as const).map((first) =>
    scoped(
      `half-close: the ${first} ends first and still reads`,
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
        equal(early.log, ["data", "end", "close"], "told to the one that ended first")
        equal(late.log, ["data", "end", "close"], "told to the other")
        equal([early.reentered, late.reentered], [false, false], "callbacks inside calls")
      })
    )
  ),
  scoped(
    "what is buffered goes out before FIN",
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
    "close comes once, and afterwards every call is without effect",
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
        "what was told"
      )
    })
  ),
  scoped(
    "a paused end does not see FIN",
    Effect.gen(function* () {
      const { client, server } = yield* started
      server.call((transport) => transport.pause())
      client.write("last")
      client.call((transport) => transport.end())
      yield* settled
      equal(server.log, [], "what a paused end was told")
      server.call((transport) => transport.resume())
      yield* server.saw("end")
      equal([server.text, server.log], ["last", ["data", "end"]], "after resuming")
    })
  )
]

const resets = [
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

const owners = [
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
      equal([server.text, server.log], ["one", ["data"]], "told to the first")
    })
  ),
  scoped(
    "a new owner of a connection that was reset hears of nothing but its end",
    Effect.gen(function* () {
      const { client, server } = yield* started
      server.write("on its way")
      yield* client.saw("data")
      server.write("on its way")
      client.call((transport) => transport.reset())
      const next = new Probe(client.transport).start()
      yield* next.saw("close")
      yield* settled
      equal([client.log, next.log], [["data"], ["close"]], "what was told")
    })
  ),
  scoped(
    "a new owner is told of FIN and of the end that the former one had seen",
    Effect.gen(function* () {
      const { client, server } = yield* started
      client.call((transport) => transport.end())
      yield* server.saw("end")
      const next = new Probe(server.transport).start()
      equal(next.log, [], "told inside start")
      yield* next.saw("end")
      next.call((transport) => transport.end())
      yield* next.saw("close")
      equal([server.log, next.log], [["end"], ["end", "close"]], "what was told")
      const last = new Probe(server.transport).start()
      yield* last.saw("close")
      equal(last.log, ["end", "close"], "told to one that came after the end")
    })
  )
]

const refused = (address: Address) =>
  Effect.gen(function* () {
    const network = yield* Network
    const error = yield* Effect.flip(network.connect(address))
    equal(
      [error._tag, "code" in error ? error.code : ""],
      ["ConnectionRefused", "ECONNREFUSED"],
      "the failure"
    )
  })

const listening = (options: Options) => [
  scoped(
    "nobody listens: ConnectionRefused",
    Effect.gen(function* () {
      const { listener } = yield* Effect.scoped(started)
      yield* refused(listener.address)
    })
  ),
  scoped(
    "closing a listener frees its address and leaves its connections",
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const network = yield* Network
      const accepted = yield* Deferred.make<Transport>()
      const listener = yield* Scope.extend(
        network.listen(
          loopback,
          (transport) => void Deferred.unsafeDone(accepted, Effect.succeed(transport))
        ),
        scope
      )
      const client = new Probe(yield* network.connect(listener.address)).start()
      const server = new Probe(yield* Deferred.await(accepted)).start()
      yield* Scope.close(scope, Exit.void)
      yield* listener.close
      yield* refused(listener.address)
      server.write("still here")
      yield* client.until(() => client.text === "still here")
      const address = listener.address
      if (address._tag === "TcpAddress")
        yield* network.listen({ host: address.hostname, port: address.port }, () => {})
      client.transport.reset()
      server.transport.reset()
    })
  ),
  scoped(
    "an address that is taken: AddressInUse",
    Effect.gen(function* () {
      const network = yield* Network
      const { address } = yield* network.listen(loopback, () => {})
      isTrue(address._tag === "TcpAddress" && address.port > 0, "port 0 gives a port")
      const port = address._tag === "TcpAddress" ? address.port : 0
      const error = yield* Effect.flip(network.listen({ host: "127.0.0.1", port }, () => {}))
      equal([error._tag, error.code], ["AddressInUse", "EADDRINUSE"], "the failure")
    })
  ),
  scoped(
    "IPv6 and every address",
    Effect.gen(function* () {
      const network = yield* Network
      const serve = (transport: Transport) => {
        const probe = new Probe(transport).start()
        probe.onEnd = () => transport.end()
      }
      const portOf = ({ address }: Listener) => (address._tag === "TcpAddress" ? address.port : 0)
      const every = yield* network.listen({ port: 0 }, serve)
      const six = yield* network.listen({ port: 0, host: "::1" }, serve)
      const reached = [tcp("127.0.0.1", portOf(every)), tcp("::1", portOf(every)), six.address]
      for (const address of reached) {
        const client = new Probe(yield* network.connect(address)).start()
        client.call((transport) => transport.end())
        yield* client.saw("close")
      }
      yield* refused(tcp("127.0.0.1", portOf(six)))
    })
  ),
  scoped(
    "a path is an address like any other",
    Effect.gen(function* () {
      const network = yield* Network
      const path = options.path()
      const missing = yield* Effect.flip(network.connect(unix(path)))
      equal("code" in missing ? missing.code : "", "ENOENT", "nobody listens on the path")
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { client, server, listener } = yield* connected({ path })
          equal(listener.address, unix(path), "the listener's address")
          equal(
            [client.transport.remote, server.transport.local],
            [unix(path), unix(path)],
            "the ends' addresses"
          )
          const taken = yield* Effect.flip(network.listen({ path }, () => {}))
          equal(taken._tag, "AddressInUse", "the failure")
          server.onData = (chunk) => void server.write(chunk)
          server.start()
          client.start().write("over a path")
          yield* client.until(() => client.text === "over a path")
          client.call((transport) => transport.end())
          yield* server.saw("end")
          server.call((transport) => transport.end())
          yield* client.saw("close")
          equal(
            [client.log, server.log],
            [
              ["data", "end", "close"],
              ["data", "end", "close"]
            ],
            "what was told"
          )
        })
      )
      yield* network.listen({ path }, () => {})
    })
  ),
  scoped(
    "an attempt that is given up leaves nothing",
    Effect.gen(function* () {
      const network = yield* Network
      const accepted: Array<Probe> = []
      const { address } = yield* network.listen(loopback, (transport) => {
        const probe = new Probe(transport).start()
        probe.onEnd = () => transport.end()
        accepted.push(probe)
      })
      for (let round = 0; round < 20; round++) {
        const attempt = yield* Effect.fork(network.connect(address))
        if (round % 2 === 0) yield* Effect.yieldNow()
        const exit = yield* Fiber.interrupt(attempt)
        if (Exit.isSuccess(exit)) exit.value.reset()
      }
      yield* settled
      for (const probe of accepted) yield* probe.saw("close")
    })
  ),
  scoped(
    "an IP address resolves to itself",
    Effect.gen(function* () {
      const network = yield* Network
      equal(yield* network.resolve("127.0.0.1"), [{ address: "127.0.0.1", family: 4 }], "IPv4")
      equal(yield* network.resolve("::1"), [{ address: "::1", family: 6 }], "IPv6")
      equal(yield* network.resolve("[::1]"), [{ address: "::1", family: 6 }], "IPv6 as in a URL")
      const error = yield* Effect.flip(network.resolve("127.0.0.1", { family: 6 }))
      equal([error._tag, error.code], ["NameNotResolved", "ENOTFOUND"], "an address of the other family")
      const [local] = yield* network.resolve("localhost", { family: 4 })
      equal(local, { address: "127.0.0.1", family: 4 }, "localhost")
    })
  )
]

/**
 * The cases. Each opens its own listeners on loopback addresses and leaves nothing open.
 *
 * @since 0.1.0
 * @category constructors
 */
export const cases = (options: Options): ReadonlyArray<Case> => [
  ...bytesAndOrder,
  ...flowControl,
  ...endings,
  ...resets,
  ...owners,
  ...listening(options)
]
