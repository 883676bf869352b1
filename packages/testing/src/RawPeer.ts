/**
 * A scripted peer for raw bytes over any `Network`. It sends bytes, checks received bytes, half-closes and
 * resets.
 *
 * The peer does not parse HTTP and sends only the bytes of the script. Only reading notices FIN and RST, so
 * the peer reads continuously and buffers the received bytes for the script. Each expectation consumes the
 * bytes that it checks, and the next expectation starts after these bytes. A failed expectation is a
 * `WireMismatch`, which shows expected and received bytes.
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
import { afterSilence } from "./peer/patience.js"
import { PeerState } from "./peer/state.js"
import { microturns, turn } from "./time/turns.js"
import { compare, excerpt, textOf } from "./tap/wireText.js"

/**
 * The error for received bytes, or an end of the connection, that differ from the script.
 *
 * @since 0.1.0
 * @category errors
 */
export class WireMismatch extends Schema.TaggedError<WireMismatch>("@httpfx/testing/WireMismatch")(
  "WireMismatch",
  {
    /** Name of the peer. */
    peer: Schema.String,
    /** Description of the expectation. */
    wanted: Schema.String,
    /**
     * - `differs`: other bytes arrived than the script expects
     * - `over`: the direction ended before the expectation was met (by FIN, RST or our own reset)
     * - `silent`: no byte arrived within the peer's `patience`
     * - `unexpected`: bytes or an end arrived although the script expected neither
     */
    reason: Schema.Literal("differs", "over", "silent", "unexpected"),
    /** The exact bytes expected, if known, with one character per byte. */
    expected: Schema.optional(Schema.String),
    /** Received bytes that earlier expectations did not consume, with one character per byte. */
    received: Schema.String,
    /**
     * Offset of `received` in all received bytes. Earlier expectations have consumed the bytes before this
     * offset.
     */
    start: Schema.Number,
    /** State of the connection at the peer's end: `open`, or the way in which the connection ended. */
    state: Schema.String
  }
) {
  /** Offset, in all received bytes, of the first byte that differs. */
  get offset(): number {
    const { expected = "", received } = this
    let index = 0
    while (index < expected.length && expected[index] === received[index]) index++
    return this.start + index
  }
  override get message(): string {
    const why = {
      differs: "received other bytes",
      over: "this direction has ended",
      silent: "nothing more arrived",
      unexpected: "something arrived"
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
 * Bytes, or text in which each character is one byte (U+0000-U+00FF).
 *
 * @since 0.1.0
 * @category models
 */
export type Bytes = string | Uint8Array

/**
 * Options of a scripted peer.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Name of the peer in failures. Default: `client` or `server` with its address. */
  readonly name?: string | undefined
  /**
   * Maximum time that an expectation waits for the next byte. The time is real time even under a test clock,
   * so a wrong script fails instead of hanging. `Duration.infinity` removes the limit. Default 3 seconds.
   */
  readonly patience?: Duration.DurationInput | undefined
}

/**
 * A step of a script. A failed step fails with `WireMismatch`.
 *
 * @since 0.1.0
 * @category models
 */
export type Wire<A = void> = Effect.Effect<A, WireMismatch>

/**
 * One end of a connection, which a script drives.
 *
 * @since 0.1.0
 * @category models
 */
export interface RawPeer {
  /** Name of the peer in failures. */
  readonly name: string
  /**
   * The underlying connection, which is already started. Gives access to further members, such as `buffered`.
   */
  readonly transport: Transport
  /** Returns all bytes received so far, consumed or not, with one character per byte. */
  readonly received: () => string
  /** Returns the received bytes that are not consumed yet, with one character per byte. */
  readonly unread: () => string
  /** Returns the state of the connection: `open`, `fin`, `closed`, or an error code such as `ECONNRESET`. */
  readonly state: () => string
  /** Sends all parts in one write. Waits until the backpressure has ended. */
  readonly send: (...parts: ReadonlyArray<Bytes>) => Wire
  /**
   * Sends each part in its own write. Each write comes a few turns of the event loop after the previous write
   * was accepted, so most networks deliver the parts separately.
   */
  readonly sendParts: (parts: Iterable<Bytes>) => Wire
  /** Expects exactly these bytes next, and consumes them. */
  readonly expect: (...parts: ReadonlyArray<Bytes>) => Wire
  /** Waits until the pattern matches at the first unconsumed byte. Consumes and returns the match. */
  readonly expectMatch: (pattern: RegExp) => Wire<RegExpExecArray>
  /**
   * Consumes and returns all bytes up to the end of the marker. `times` selects a later occurrence of the
   * marker. Default: the first.
   */
  readonly until: (marker: Bytes, times?: number) => Wire<string>
  /** Consumes and returns the next head, including the empty line that ends it. */
  readonly head: Wire<string>
  /** Consumes and returns this many bytes. */
  readonly take: (length: number) => Wire<string>
  /** Consumes and returns all bytes up to FIN or another end of the connection. */
  readonly rest: Wire<string>
  /** Waits until the predicate holds for the unconsumed bytes. Consumes nothing. */
  readonly wait: (what: string, holds: (unread: string) => boolean) => Wire
  /**
   * Expects that neither bytes nor an end arrive during this duration. The duration is measured on the
   * fiber's clock, so a test must advance its `TestClock` meanwhile. Without a duration, waits for a few
   * turns of the event loop.
   */
  readonly expectNothing: (duration?: Duration.DurationInput) => Wire
  /** Expects FIN as the next event, before any further byte. */
  readonly expectFin: Wire
  /**
   * Expects a reset. Ignores bytes that arrive before the reset, because a reset may discard some of them.
   */
  readonly expectReset: Wire
  /** Waits until both directions have ended, by FIN or by RST. */
  readonly expectClosed: Wire
  /** Sends FIN. The other end may still send. */
  readonly end: Effect.Effect<void>
  /** Resets the connection, so that the other end sees RST. */
  readonly reset: Effect.Effect<void>
  /**
   * Stops reading, which causes backpressure at the other end. Until `resume`, FIN and RST are not noticed,
   * as on a real socket.
   */
  readonly pause: Effect.Effect<void>
  /** Starts reading again after `pause`. */
  readonly resume: Effect.Effect<void>
}

const text = (parts: ReadonlyArray<Bytes>): string =>
  parts.map((part) => (typeof part === "string" ? part : textOf(part))).join("")

/**
 * Creates a peer from a connection that is not started yet. Closing the scope resets the connection.
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

  // `look` returns the outcome, or `undefined` to continue waiting. `over` returns `true` if further bytes or
  // events cannot arrive.
  const wait = <A>(
    wanted: string,
    look: () => Wire<A> | undefined,
    over: () => boolean,
    expected?: string
  ): Wire<A> =>
    Effect.async<A, WireMismatch>((resume) => {
      let release = () => {}
      const stop = () => {
        state.watchers.delete(watch)
        release()
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
      const giveUp = () => {
        stop()
        resume(Effect.fail(mismatch("silent", wanted, expected)))
      }
      release = afterSilence(patience, () => state.length, giveUp)
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
 * Connects over the network in the context. The target is an address, or a host and a port, whose host is
 * resolved first. Closing the scope resets the connection.
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

// Replaces a wildcard address by the loopback address, because a client cannot connect to a wildcard address.
// Removes the brackets of an IPv6 address, which platform's `HttpServer` adds.
const anyHost = (address: Address): Address => {
  if (address._tag !== "TcpAddress") return address
  const { hostname } = address
  if (hostname === "0.0.0.0" || hostname === "::") return { ...address, hostname: "127.0.0.1" }
  return hostname.startsWith("[") ? { ...address, hostname: hostname.slice(1, -1) } : address
}

/**
 * A scripted server, whose connections the script accepts one at a time.
 *
 * @since 0.1.0
 * @category models
 */
export interface RawServer {
  /** The address on which the server listens. */
  readonly address: Address
  /** The URL of the server (`http://host:port`), or the path of its Unix socket. */
  readonly url: string
  /**
   * Waits for the next connection. All of its bytes are still unread. The connection is reset when the scope
   * of the server closes.
   */
  readonly accept: Effect.Effect<RawPeer, WireMismatch>
  /** Returns the number of connections so far, accepted or not. */
  readonly count: () => number
}

/**
 * Listens on the network in the context until the scope closes. Default: any free port of `127.0.0.1`.
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
      const stop = () => {
        watchers.delete(watch)
        release()
      }
      const watch = () => {
        const transport = waiting.shift()
        if (transport === undefined) return
        stop()
        const number = all.indexOf(transport) + 1
        resume(Effect.sync(() => fromTransport(transport, { ...options, name: `${name} #${number}` })))
      }
      watchers.add(watch)
      const giveUp = () => {
        stop()
        const facts = { received: "", start: 0, state: `${all.length} connections so far` }
        const wanted = "another connection"
        resume(Effect.fail(new WireMismatch({ peer: name, wanted, reason: "silent", ...facts })))
      }
      const release = afterSilence(patience, () => all.length, giveUp)
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
