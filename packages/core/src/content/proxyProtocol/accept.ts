/**
 * A network whose accepted connections begin with a PROXY header: reads the header, within a time limit, and
 * then delivers the connection with the addresses of the header.
 *
 * Never reads a header from a peer that is not trusted, nor delivers a connection whose header is refused.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { ProxyHeaderRefused, type InvalidOption } from "../../HttpError.js"
import { Network } from "../../Network.js"
import type * as NetworkDoor from "../../Network.js"
import {
  addresses,
  finiteDuration,
  integer,
  oneOf,
  refuseUnknown,
  type Complete
} from "../../internal/options/checks.js"
import { addressRanges, inRange, ipBytes, unmapped, type IpRange } from "../../model/ip.js"
import { fromClock, type Timers } from "../../Timers.js"
import { formatAddress, type Address, type Transport } from "../../Transport.js"
import { readHeader, type Header } from "./header.js"
import { ProxiedTransport } from "./transport.js"

/**
 * The senders of headers, and limits.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The addresses of the peers that send a header: IP addresses, ranges (`10.0.0.0/8`, `2001:db8::/32`),
   * `loopback`, `private`, or, for a server that listens on a path, `unix`. Each of their connections must
   * begin with a header.
   */
  readonly from: ReadonlyArray<string>
  /**
   * The treatment of connections of other peers. With `reset`, they are reset. With `serve`, they are served
   * as they are; a header is an error of HTTP or TLS then. Default `reset`.
   */
  readonly others?: "reset" | "serve" | undefined
  /** Time within which the whole header must have arrived. Default 5 seconds. */
  readonly timeout?: Duration.DurationInput | undefined
  /**
   * Maximum size of a binary header (version 2) with its extensions (TLVs), in bytes. Headers of version 1
   * have at most 107 bytes. Default 4096.
   */
  readonly maxSize?: number | undefined
}

const checks: Complete<Options> = {
  from: addresses,
  others: oneOf("reset", "serve"),
  timeout: finiteDuration,
  maxSize: integer(16)
}

interface Settings {
  readonly ranges: ReadonlyArray<IpRange>
  readonly unix: boolean
  readonly others: "reset" | "serve"
  readonly timeout: number
  readonly maxSize: number
}

const settingsOf = (options: Options): Effect.Effect<Settings, InvalidOption> =>
  Effect.suspend(() => {
    const refused = refuseUnknown({ ...options, from: options.from ?? null }, checks)
    if (refused !== undefined) return Effect.fail(refused)
    return Effect.succeed({
      ranges: options.from.flatMap((entry) => addressRanges(entry)!),
      unix: options.from.includes("unix"),
      others: options.others ?? "reset",
      timeout: Duration.toMillis(options.timeout ?? Duration.seconds(5)),
      maxSize: options.maxSize ?? 4096
    })
  })

const isTrusted = ({ ranges, unix }: Settings, remote: Address | undefined): boolean => {
  if (remote?._tag !== "TcpAddress") return unix
  const bytes = ipBytes(remote.hostname.replace(/%.*$/, ""))
  return bytes !== undefined && ranges.some((range) => inRange(unmapped(bytes), range))
}

type OnRefused = NonNullable<Parameters<NetworkDoor.Service["listen"]>[2]>

export const accept = (
  network: NetworkDoor.Service,
  options: Options
): Effect.Effect<NetworkDoor.Service, InvalidOption> =>
  Effect.map(settingsOf(options), (settings) => ({
    ...network,
    listen: (address, onConnection, onRefused = ignore) =>
      Effect.gen(function* () {
        const reading = new Reading(settings, fromClock(yield* Effect.clock), onConnection, onRefused)
        yield* Effect.addFinalizer(() => Effect.sync(() => reading.giveUp()))
        return yield* network.listen(address, reading.accept, onRefused)
      })
  }))

export const make = (options: Options) => Effect.flatMap(Network, (network) => accept(network, options))

const ignore = () => {}

/** The connections of one listener whose header has not arrived. */
class Reading {
  private readonly waiting = new Set<Transport>()

  constructor(
    private readonly settings: Settings,
    private readonly timers: Timers,
    private readonly deliver: (transport: Transport) => void,
    private readonly onRefused: OnRefused
  ) {}

  readonly accept = (transport: Transport): void => {
    const { settings, timers } = this
    if (!isTrusted(settings, transport.remote)) {
      if (settings.others === "serve") return this.deliver(transport)
      this.refuse(transport, 0, "NotTrusted", "the peer is not in the list of trusted peers")
      return
    }
    this.waiting.add(transport)
    let held: Uint8Array = noBytes
    const done = () => {
      cancel()
      return this.waiting.delete(transport)
    }
    const refused = (problem: ProxyHeaderRefused["problem"], reason: string) => {
      if (done()) this.refuse(transport, held.length, problem, reason)
    }
    const { timeout } = settings
    const cancel = timers.at(timers.now() + timeout, () =>
      refused("Late", `the header has not arrived within ${timeout} ms`)
    )
    transport.start({
      data: (chunk) => {
        if (!this.waiting.has(transport)) return
        held = held.length === 0 ? chunk : joined(held, chunk)
        const read = readHeader(held, settings.maxSize)
        if (read === undefined) return
        if (read._tag === "Refused") return refused(read.problem, read.reason)
        done()
        transport.pause()
        this.deliver(this.proxied(transport, read, held))
      },
      end: () => {
        // Balancers check whether a port is open by connections without a byte.
        if (held.length > 0) return refused("Truncated", "the connection ended within the header")
        if (done()) transport.end()
      },
      drain: ignore,
      error: done,
      close: done
    })
  }

  /** Resets the connections whose header has not arrived. */
  giveUp(): void {
    for (const transport of [...this.waiting]) transport.reset()
  }

  private proxied(transport: Transport, { ends, length }: Header, held: Uint8Array): Transport {
    const rest = held.length === length ? undefined : held.subarray(length)
    const [local, remote] =
      ends === undefined ? [transport.local, transport.remote] : [ends.destination, ends.source]
    return new ProxiedTransport(transport, local, remote, rest, this.timers)
  }

  private refuse(
    transport: Transport,
    received: number,
    problem: ProxyHeaderRefused["problem"],
    reason: string
  ): void {
    const { remote } = transport
    const address = remote === undefined ? undefined : formatAddress(remote)
    transport.reset()
    this.onRefused(new ProxyHeaderRefused({ problem, reason, address, received }), remote)
  }
}

const noBytes = new Uint8Array(0)

const joined = (one: Uint8Array, other: Uint8Array): Uint8Array => {
  const both = new Uint8Array(one.length + other.length)
  both.set(one)
  both.set(other, one.length)
  return both
}
