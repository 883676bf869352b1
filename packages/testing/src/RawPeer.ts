/**
 * The other side of a connection, by hand: send these bytes, expect those, half-close, reset. Over any
 * `Network`.
 *
 * A peer knows nothing of HTTP and sends nothing by itself. It reads all the time, so that FIN and RST are
 * noticed, and keeps what it read until the script asks for it. Expectations consume: each looks at what
 * follows the one before. What does not come as expected is a `WireMismatch`, which shows both sides.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as HttpError from "@httpfx/core/HttpError"
import { Network, type ConnectError, type ListenError, type ListenOptions } from "@httpfx/core/Network"
import { formatAddress, type Address, type Transport } from "@httpfx/core/Transport"
import { PeerState } from "./peer/state.js"
import { microturns, turn } from "./time/turns.js"
import { compare, excerpt, textOf } from "./tap/wireText.js"
import { clearTimeout, setTimeout } from "./time/realTime.js"

/**
 * What came (or did not come) over the wire is not what the script expected.
 *
 * @since 0.1.0
 * @category errors
 */
export class WireMismatch extends Schema.TaggedError<WireMismatch>("@httpfx/testing/WireMismatch")(
  "WireMismatch",
  {
    /** Which peer of the script. */
    peer: Schema.String,
    /** The expectation in words. */
    wanted: Schema.String,
    /**
     * - `differs`: other bytes came
     * - `over`: the connection ended in this direction first (FIN, RST, or our own reset)
     * - `silent`: nothing more came for the peer's `patience`
     * - `unexpected`: something came where nothing was to come
     */
    reason: Schema.Literal("differs", "over", "silent", "unexpected"),
    /** The exact bytes expected, where they are known; a character per byte. */
    expected: Schema.optional(Schema.String),
    /** Bytes that had come and were not consumed by expectations before; a character per byte. */
    received: Schema.String,
    /** Bytes consumed before: the offset of `received` in all that came. */
    start: Schema.Number,
    /** The connection from our side: open, or how it ended. */
    state: Schema.String
  }
) {
  /** Offset, in all that came, of the first byte that differs. */
  get offset(): number {
    const { expected = "", received } = this
    let index = 0
    while (index < expected.length && expected[index] === received[index]) index++
    return this.start + index
  }
  override get message(): string {
    const why = {
      differs: "other bytes came",
      over: "it cannot come any more",
      silent: "nothing more came",
      unexpected: "something came"
    }[this.reason]
    const picture =
      this.expected === undefined
        ? `  received: ${this.received === "" ? "nothing" : `"${excerpt(this.received)}"`}`
        : compare(this.expected, this.received, {
            start: this.start,
            ended: this.reason === "differs" ? "the end" : this.state === "open" ? "nothing yet" : "the end"
          })
    return `${this.peer} expected ${this.wanted}: ${why} (connection: ${this.state}; consumed before: ${this.start} bytes)\n${picture}`
  }
}

/**
 * Text whose characters are bytes (U+0000-U+00FF), or bytes.
 *
 * @since 0.1.0
 * @category models
 */
export type Bytes = string | Uint8Array

/**
 * How a peer by hand is called, and how long it waits.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** What failures call this peer. Default: `client` or `server` with its address. */
  readonly name?: string | undefined
  /**
   * How long an expectation goes on while no byte comes, in real time whatever the test's clock: so that a
   * script that does not fit fails with what came instead of hanging. `Duration.infinity`: without limit.
   * Default 3 seconds.
   */
  readonly patience?: Duration.DurationInput | undefined
}

/**
 * What a peer does with the bytes of its connection.
 *
 * @since 0.1.0
 * @category models
 */
export type Wire<A = void> = Effect.Effect<A, WireMismatch>

/**
 * One end of a connection, driven by a script.
 *
 * @since 0.1.0
 * @category models
 */
export interface RawPeer {
  /** What failures call it. */
  readonly name: string
  /** The connection itself, for what the script cannot say (`pause`, `buffered`). It has been started. */
  readonly transport: Transport
  /** All that came so far, consumed or not; a character per byte. */
  readonly received: () => string
  /** What came and was not consumed; a character per byte. */
  readonly unread: () => string
  /** `open`, `fin`, `closed`, or the code of a failure: `ECONNRESET`. */
  readonly state: () => string
  /** Sends all parts as one write; waits until more may be written. */
  readonly send: (...parts: ReadonlyArray<Bytes>) => Wire
  /**
   * Sends each part as soon as the one before was taken, with turns between: most networks deliver them
   * apart.
   */
  readonly sendParts: (parts: Iterable<Bytes>) => Wire
  /** Exactly these bytes come next. */
  readonly expect: (...parts: ReadonlyArray<Bytes>) => Wire
  /**
   * What comes next matches, from its first byte; consumes and gives the match. Waits for more until it does.
   */
  readonly expectMatch: (pattern: RegExp) => Wire<RegExpExecArray>
  /** Consumes up to the `times`th marker, with it, and gives that text. Default once. */
  readonly until: (marker: Bytes, times?: number) => Wire<string>
  /** The next head: up to the first empty line, with it. */
  readonly head: Wire<string>
  /** Consumes and gives so many bytes. */
  readonly take: (length: number) => Wire<string>
  /** Consumes and gives everything up to FIN (or whatever ended the connection). */
  readonly rest: Wire<string>
  /** Waits until it holds for what was not consumed. Consumes nothing. */
  readonly wait: (what: string, holds: (unread: string) => boolean) => Wire
  /**
   * Neither bytes nor an end come for this long on the clock of the fiber (a test moves its `TestClock`
   * meanwhile), or, without a duration, in some turns of the event loop.
   */
  readonly expectNothing: (duration?: Duration.DurationInput) => Wire
  /** The peer sends FIN, and no byte before it. */
  readonly expectFin: Wire
  /** The connection is reset; bytes before it may be lost, so none are asked for. */
  readonly expectReset: Wire
  /** Both directions are over, in whatever way. */
  readonly expectClosed: Wire
  /** Sends FIN; the peer may still send. */
  readonly end: Effect.Effect<void>
  /** Ends both directions at once; the peer sees RST. */
  readonly reset: Effect.Effect<void>
  /** Stops reading: the peer is held back. FIN and RST are not noticed meanwhile, as on a real socket. */
  readonly pause: Effect.Effect<void>
  /** Reads on after `pause`. */
  readonly resume: Effect.Effect<void>
}

const text = (parts: ReadonlyArray<Bytes>): string =>
  parts.map((part) => (typeof part === "string" ? part : textOf(part))).join("")

/**
 * Takes a connection that was not started. It is reset at the end of the scope.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  transport: Transport,
  options: Options = {}
): Effect.Effect<RawPeer, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => fromTransport(transport, options)),
    (peer) => peer.reset
  )

const fromTransport = (transport: Transport, options: Options): RawPeer => {
  const { remote } = transport
  const name = options.name ?? (remote === undefined ? "peer" : `peer of ${formatAddress(remote)}`)
  const state = new PeerState(transport)
  const patience = Duration.toMillis(options.patience ?? "3 seconds")

  const mismatch = (reason: WireMismatch["reason"], wanted: string, expected?: string) =>
    new WireMismatch({
      peer: name,
      wanted,
      reason,
      expected,
      received: state.unread,
      start: state.consumed,
      state: state.summary
    })

  // `look` gives the outcome, or nothing while it has to wait; `over` says when waiting is in vain.
  const wait = <A>(
    wanted: string,
    look: () => Wire<A> | undefined,
    over: () => boolean,
    expected?: string
  ): Wire<A> =>
    Effect.async<A, WireMismatch>((resume) => {
      let timer: ReturnType<typeof setTimeout> | undefined
      const stop = () => {
        state.watchers.delete(watch)
        if (timer !== undefined) clearTimeout(timer)
      }
      const watch = () => {
        const found = look() ?? (over() ? Effect.fail(mismatch("over", wanted, expected)) : undefined)
        if (found !== undefined) {
          stop()
          resume(found)
        }
        return found !== undefined
      }
      if (watch()) return
      state.watchers.add(watch)
      const arm = (seen: number) => {
        timer = setTimeout(() => {
          if (state.length > seen) return arm(state.length)
          stop()
          resume(Effect.fail(mismatch("silent", wanted, expected)))
        }, patience)
      }
      if (Number.isFinite(patience)) arm(state.length)
      return Effect.sync(stop)
    })

  const consume = (length: number): Wire<string> => Effect.succeed(state.take(length))
  const noMore = () => state.ended || state.closed

  const send = (data: string): Wire =>
    Effect.suspend(() => {
      const wanted = `to send ${data.length} bytes`
      if (!transport.writable) return Effect.fail(mismatch("over", wanted))
      if (transport.write(data)) return Effect.void
      const drains = state.drains
      return wait(
        wanted,
        () => (state.drains > drains ? Effect.void : undefined),
        () => state.closed
      )
    })

  const expect = (...parts: ReadonlyArray<Bytes>): Wire => {
    const expected = text(parts)
    const look = (): Wire | undefined => {
      const next = state.peek(expected.length)
      if (next === expected) return Effect.asVoid(consume(expected.length))
      return expected.startsWith(next) ? undefined : Effect.fail(mismatch("differs", "these bytes", expected))
    }
    return wait("these bytes", look, noMore, expected)
  }

  const expectMatch = (pattern: RegExp): Wire<RegExpExecArray> => {
    const sticky = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, "") + "y")
    const look = () => {
      sticky.lastIndex = 0
      const match = sticky.exec(state.unread)
      return match === null ? undefined : Effect.as(consume(match[0].length), match)
    }
    return wait(`a match of ${String(pattern)}`, look, noMore)
  }

  const until = (marker: Bytes, times = 1): Wire<string> => {
    const wanted = text([marker])
    const look = () => {
      const end = state.find(wanted, times)
      return end < 0 ? undefined : consume(end)
    }
    return wait(`"${excerpt(wanted)}"${times === 1 ? "" : ` ${times} times`}`, look, noMore)
  }

  const expectNothing = (duration?: Duration.DurationInput): Wire =>
    Effect.suspend(() => {
      const wanted = `nothing${duration === undefined ? "" : ` for ${Duration.format(duration)}`}`
      const told = () => (state.waiting > 0 || noMore() ? mismatch("unexpected", wanted) : undefined)
      const pause =
        duration === undefined
          ? Effect.repeatN(turn, 5)
          : Effect.zipRight(Effect.sleep(duration), microturns())
      const check = Effect.suspend(() => {
        const error = told()
        return error === undefined ? Effect.void : Effect.fail(error)
      })
      return Effect.raceFirst(Effect.zipRight(pause, check), Effect.zipRight(state.arrival(told), check))
    })

  const expectFin = wait(
    "FIN",
    () =>
      state.waiting > 0 ? Effect.fail(mismatch("unexpected", "FIN")) : state.ended ? Effect.void : undefined,
    () => state.closed
  )

  return {
    name,
    transport,
    received: () => state.received,
    unread: () => state.unread,
    state: () => state.summary,
    send: (...parts) => send(text(parts)),
    sendParts: (parts) =>
      Effect.forEach(parts, (part) => Effect.zipRight(send(text([part])), microturns(8)), { discard: true }),
    expect,
    expectMatch,
    until,
    head: until("\r\n\r\n"),
    take: (length) =>
      wait(`${length} bytes`, () => (state.waiting >= length ? consume(length) : undefined), noMore),
    rest: wait(
      "the end",
      () => (noMore() ? consume(state.waiting) : undefined),
      () => false
    ),
    wait: (what, holds) => wait(what, () => (holds(state.unread) ? Effect.void : undefined), noMore),
    expectNothing,
    expectFin,
    expectReset: wait(
      "a reset",
      () => (state.fault !== undefined ? Effect.void : undefined),
      () => state.closed
    ),
    expectClosed: wait(
      "the end of both directions",
      () => (state.closed ? Effect.void : undefined),
      () => false
    ),
    end: Effect.sync(() => transport.end()),
    reset: Effect.sync(() => transport.reset()),
    pause: Effect.sync(() => transport.pause()),
    resume: Effect.sync(() => transport.resume())
  }
}

/**
 * Connects to one address of the network in the context, or to `host:port`, whose name it looks up. The
 * connection is reset at the end of the scope.
 *
 * @since 0.1.0
 * @category constructors
 */
export const connect = (
  to: Address | { readonly host: string; readonly port: number },
  options: Options = {}
): Effect.Effect<RawPeer, ConnectError | HttpError.NameNotResolved, Network | Scope.Scope> =>
  Effect.gen(function* () {
    const network = yield* Network
    let address: Address
    if ("_tag" in to) address = anyHost(to)
    else {
      const [first] = yield* network.resolve(to.host)
      address = { _tag: "TcpAddress", hostname: first.address, port: to.port }
    }
    const transport = yield* Effect.acquireRelease(network.connect(address), (transport) =>
      Effect.sync(() => transport.reset())
    )
    return yield* make(transport, { ...options, name: options.name ?? `client of ${formatAddress(address)}` })
  })

// A server that listens on every address is reached through the loopback.
const anyHost = (address: Address): Address =>
  address._tag === "TcpAddress" && (address.hostname === "0.0.0.0" || address.hostname === "::")
    ? { ...address, hostname: "127.0.0.1" }
    : address

/**
 * A server by hand: connections as they come, one by one.
 *
 * @since 0.1.0
 * @category models
 */
export interface RawServer {
  /** Where it listens. */
  readonly address: Address
  /** `http://host:port`; for a path: the path. */
  readonly url: string
  /** The next connection. Nothing of it is read before. It is reset at the end of the scope of the server. */
  readonly accept: Effect.Effect<RawPeer, WireMismatch>
  /** Connections that have come so far, accepted or not. */
  readonly count: () => number
}

/**
 * Listens on the network in the context until the scope ends. Default: any free port of `127.0.0.1`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const listen = (
  options: ListenOptions & Options = { port: 0, host: "127.0.0.1" }
): Effect.Effect<RawServer, ListenError, Network | Scope.Scope> =>
  Effect.gen(function* () {
    const network = yield* Network
    const waiting: Array<Transport> = []
    const watchers = new Set<() => void>()
    const all: Array<Transport> = []
    const listener = yield* network.listen(options, (transport) => {
      all.push(transport)
      waiting.push(transport)
      for (const watch of [...watchers]) watch()
    })
    yield* Effect.addFinalizer(() => Effect.sync(() => all.forEach((transport) => transport.reset())))
    const { address } = listener
    const name = options.name ?? `server ${formatAddress(address)}`
    const patience = Duration.toMillis(options.patience ?? "3 seconds")
    const accept = Effect.async<RawPeer, WireMismatch>((resume) => {
      let timer: ReturnType<typeof setTimeout> | undefined
      const stop = () => {
        watchers.delete(watch)
        if (timer !== undefined) clearTimeout(timer)
      }
      const watch = () => {
        const transport = waiting.shift()
        if (transport === undefined) return
        stop()
        const number = all.indexOf(transport) + 1
        resume(Effect.sync(() => fromTransport(transport, { ...options, name: `${name} #${number}` })))
      }
      watchers.add(watch)
      if (Number.isFinite(patience))
        timer = setTimeout(() => {
          stop()
          const facts = { received: "", start: 0, state: `${all.length} connections so far` }
          const wanted = "another connection"
          resume(Effect.fail(new WireMismatch({ peer: name, wanted, reason: "silent", ...facts })))
        }, patience)
      watch()
      return Effect.sync(stop)
    })
    return {
      address,
      url: address._tag === "UnixAddress" ? address.path : `http://${formatAddress(address)}`,
      accept,
      count: () => all.length
    }
  })

export { hex, latin1, utf8, wire } from "./peer/wireBytes.js"
