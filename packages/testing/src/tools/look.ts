/**
 * The inspector's record of a server: its in-flight exchanges, and a bounded number of exchanges that have
 * ended.
 *
 * The record is built from the server's events. Its memory is bounded by the number of open connections and
 * by the option `history`. Never changes the server.
 */
import type * as Agent from "@httpfx/core/Agent"
import type { ExchangeOutcome } from "@httpfx/core/ExchangeOutcome"
import type * as Server from "@httpfx/core/Server"
import type { ServerEvent } from "@httpfx/core/ServerEvent"
import type * as Shutdown from "@httpfx/core/Shutdown"
import type * as ServerTimeouts from "@httpfx/core/ServerTimeouts"
import type { Timers } from "@httpfx/core/Timers"
import { formatAddress, type Address } from "@httpfx/core/Transport"
import type * as Wiretap from "../Wiretap.js"
import { Placeholders, printRecording } from "../tap/print.js"
import { secretsOf, type FindSecrets } from "../tap/secrets.js"
import { take } from "../tap/take.js"
import type { Kept, Recording } from "../tap/transport.js"

/**
 * The inspected server.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerView {
  /** The address on which the server listens, as `host:port` or a path. */
  readonly address: string
  /** The phase of the server's shutdown. */
  readonly state: Shutdown.State
  /** The timeouts in milliseconds. 0 means no limit. */
  readonly timeouts: ServerTimeouts.Service
}

/**
 * An exchange in flight.
 *
 * @since 0.1.0
 * @category models
 */
export interface UnderWay {
  /** Number of the exchange on its connection, from 1. */
  readonly exchange: number
  /** The method as received. */
  readonly method: string
  /** The request target as received, without user and password. */
  readonly target: string
  /** Milliseconds since the head of the request was read. */
  readonly since: number
  /** Status of the response. `undefined` until the response has begun. */
  readonly status: number | undefined
}

/**
 * An open connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConnectionView {
  /** Number of the connection on its server, from 1. */
  readonly connection: number
  /** Address of the client. */
  readonly remote: string
  /**
   * Age of the connection in milliseconds. If the inspector started later than the connection, the time since
   * the start of the inspector.
   */
  readonly age: number
  /** Number of exchanges on this connection that have ended. */
  readonly exchanges: number
  /** Number of bytes received in the exchanges that have ended. */
  readonly bytesIn: number
  /** Number of bytes sent in the exchanges that have ended. */
  readonly bytesOut: number
  /** The exchange in flight. `undefined` if the connection is idle. */
  readonly now: UnderWay | undefined
}

/**
 * An exchange that has ended.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExchangeView {
  /** Number of the connection on its server. */
  readonly connection: number
  /** Number of the exchange on its connection. */
  readonly exchange: number
  /** Address of the client. */
  readonly remote: string
  /** The method as received. `undefined` if no request was received. */
  readonly method: string | undefined
  /** The request target as received, without user and password. `undefined` if no request was received. */
  readonly target: string | undefined
  /** Status of the response. `undefined` if the response never began. */
  readonly status: number | undefined
  /** The way in which the exchange ended. */
  readonly outcome: ExchangeOutcome["_tag"]
  /** Time at which the head of the request was read, in milliseconds since the epoch. */
  readonly startedAt: number
  /** Duration of the exchange in milliseconds. */
  readonly duration: number
  /** Number of bytes of the request on the wire. */
  readonly bytesIn: number
  /** Number of bytes of the response on the wire. */
  readonly bytesOut: number
  /** Whether the recorded bytes of the exchange are available. */
  readonly wire: boolean
}

/**
 * The connections of an agent, and the requests that wait for a connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface AgentView {
  /** The name under which the inspector's options list the agent. */
  readonly name: string
  /** Number of open connections, including idle connections. */
  readonly open: number
  /** Number of open connections that are not in use. */
  readonly idle: number
  /** Number of connections that are being established. */
  readonly connecting: number
  /** Number of requests that wait for a connection. */
  readonly queued: number
  /** The state of the pool for each host and port. */
  readonly keys: Readonly<Record<string, Agent.KeyState>>
  /** Number of closed connections, by reason. */
  readonly closed: Readonly<Record<string, number>>
}

/**
 * The state at one moment, as plain JSON values.
 *
 * @since 0.1.0
 * @category models
 */
export interface Snapshot {
  /** The inspected server. */
  readonly server: ServerView
  /** The open connections. The oldest is the first. */
  readonly connections: ReadonlyArray<ConnectionView>
  /** The stored exchanges that have ended. The latest is the first. */
  readonly exchanges: ReadonlyArray<ExchangeView>
  /** The agents in the inspector's options. */
  readonly agents: ReadonlyArray<AgentView>
}

interface Open {
  readonly remote: string
  readonly since: number
  readonly recording: Kept | undefined
  exchanges: number
  bytesIn: number
  bytesOut: number
  now: Now | undefined
}

interface Now {
  readonly exchange: number
  readonly method: string
  readonly target: string
  readonly since: number
  status: number | undefined
  /** Whether the exchange is a request to the inspector itself. Such an exchange is not shown. */
  isOwn: boolean
}

interface Over {
  readonly view: ExchangeView
  readonly wire: string | undefined
}

const nameOf = (address: Address | undefined): string =>
  address === undefined ? "?" : formatAddress(address)

// Removes the user and the password from a target. The scheme is optional, because the target of `CONNECT` is
// only an authority.
const withoutUserinfo = (target: string): string =>
  target.replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^/?#]*@/i, "$1")

// Prints a recording. Times are counted from the first byte of the exchange, which may be much earlier than
// the end of the head.
const print = (recording: Recording, secrets: FindSecrets): string =>
  printRecording(recording, new Placeholders(), {
    origin: recording.events[0]?.at ?? recording.opened,
    times: true,
    bodyLimit: 2000,
    stable: false,
    redact: [],
    secrets
  })

export class Look {
  private readonly open = new Map<number, Open>()
  private readonly past: Array<Over> = []
  private readonly secrets: FindSecrets

  constructor(
    private readonly server: Server.Service,
    private readonly timers: Timers,
    private readonly tap: { readonly wiretap: Wiretap.Service; readonly limit: number } | undefined,
    private readonly history: number,
    redact: ReadonlyArray<string>
  ) {
    this.secrets = secretsOf(redact)
  }

  onEvent(event: ServerEvent): void {
    switch (event._tag) {
      case "ConnectionOpened":
        this.connection(event.connection, event.remote)
        return
      case "RequestReceived": {
        const { connection, exchange, method } = event
        const target = withoutUserinfo(event.target)
        const since = this.timers.now()
        const now: Now = { exchange, method, target, since, status: undefined, isOwn: false }
        this.connection(connection, undefined).now = now
        return
      }
      case "ResponseBegun": {
        const { now } = this.connection(event.connection, undefined)
        if (now?.exchange === event.exchange) now.status = event.status
        return
      }
      case "ExchangeEnded":
        return this.ended(event.outcome)
      case "ConnectionClosed":
        this.open.delete(event.connection)
        this.tap?.wiretap.clear()
        return
      case "ClientError":
      case "StateChanged":
        return
    }
  }

  /** Marks an exchange in flight as a request to the inspector itself, so that the exchange is not shown. */
  disregard(remote: Address | undefined, exchange: number): void {
    for (const { now, remote: name } of this.open.values())
      if (now?.exchange === exchange && name === nameOf(remote)) now.isOwn = true
  }

  private connection(id: number, remote: Address | undefined): Open {
    const known = this.open.get(id)
    if (known !== undefined) return known
    const fresh: Open = {
      remote: nameOf(remote),
      since: this.timers.now(),
      recording: remote === undefined ? undefined : this.recordingOf(nameOf(remote)),
      exchanges: 0,
      bytesIn: 0,
      bytesOut: 0,
      now: undefined
    }
    this.open.set(id, fresh)
    return fresh
  }

  // Returns the last recording with this address, because an earlier connection may have had the same
  // address.
  private recordingOf(remote: string): Kept | undefined {
    const found = this.tap?.wiretap.recordings.filter(({ client }) => nameOf(client) === remote)
    return found?.at(-1) as Kept | undefined
  }

  private ended(outcome: ExchangeOutcome): void {
    const { bytesIn, bytesOut, duration, exchange, method, startedAt, status } = outcome
    const target = outcome.target === undefined ? undefined : withoutUserinfo(outcome.target)
    const open = this.connection(outcome.connection, outcome.remote)
    open.exchanges++
    open.bytesIn += bytesIn
    open.bytesOut += bytesOut
    const isOwn = open.now?.exchange === exchange && open.now.isOwn
    if (open.now?.exchange === exchange) open.now = undefined
    const { recording } = open
    // After every outcome except `Answered` the connection ends. All remaining bytes of the connection then
    // belong to this exchange.
    const passed =
      outcome._tag === "Answered"
        ? { client: bytesIn, server: bytesOut }
        : { client: Infinity, server: Infinity }
    const taken = recording === undefined ? undefined : take(recording, passed, this.tap!.limit)
    if (isOwn) return
    const wire = taken === undefined ? undefined : print(taken, this.secrets)
    const view: ExchangeView = {
      connection: outcome.connection,
      exchange,
      remote: open.remote,
      method,
      target,
      status,
      outcome: outcome._tag,
      startedAt,
      duration,
      bytesIn,
      bytesOut,
      wire: wire !== undefined
    }
    this.past.push({ view, wire })
    if (this.past.length > this.history) this.past.shift()
  }

  /**
   * Returns the recorded bytes of an exchange as text. For an exchange in flight, returns the bytes recorded
   * so far.
   */
  wire(connection: number, exchange: number): string | undefined {
    const over = this.past.find(({ view }) => view.connection === connection && view.exchange === exchange)
    if (over !== undefined) return over.wire
    const open = this.open.get(connection)
    if (open?.recording === undefined || open.now?.exchange !== exchange) return undefined
    return print(open.recording, this.secrets)
  }

  snapshot(state: Shutdown.State, agents: Readonly<Record<string, Agent.State>>): Snapshot {
    const now = this.timers.now()
    return {
      server: { address: nameOf(this.server.address), state, timeouts: this.server.timeouts },
      connections: Array.from(this.open, ([connection, open]) => ({
        connection,
        remote: open.remote,
        age: Math.round(now - open.since),
        exchanges: open.exchanges,
        bytesIn: open.bytesIn,
        bytesOut: open.bytesOut,
        now: open.now === undefined || open.now.isOwn ? undefined : underWay(open.now, now)
      })),
      exchanges: this.past.map(({ view }) => view).reverse(),
      agents: Object.entries(agents).map(([name, { closed, keys, ...counts }]) => ({
        name,
        ...counts,
        keys: Object.fromEntries(keys),
        closed: Object.fromEntries(closed)
      }))
    }
  }
}

const underWay = ({ exchange, method, since, status, target }: Now, now: number): UnderWay => ({
  exchange,
  method,
  target,
  since: Math.round(now - since),
  status
})
