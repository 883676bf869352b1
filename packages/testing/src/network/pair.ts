/** A connection of a memory network. It has two ends, and a flow with its conditions in each direction. */
import type { Address } from "@httpfx/core/Transport"
import type { Timers } from "@httpfx/core/Timers"
import type { Connection, End } from "./model.js"
import type { Link, Passing, Side } from "../Verdict.js"
import { chance } from "../time/chance.js"
import type { Deliveries } from "./deliveries.js"
import { Flow } from "./flow.js"
import type { Line } from "./line.js"
import { MemoryTransport } from "./transport.js"
import type { Found, Installed, Rules } from "../fault/rules.js"
import type { AllConditions, Wire } from "./conditions.js"

/** The parts of the network that a connection uses. */
export interface Surroundings {
  readonly seed: number | string
  readonly conditions: AllConditions
  readonly rules: Rules
  readonly deliveries: Deliveries
  readonly timers: Timers
}

class Direction implements Line {
  wire: Wire
  readonly draw: () => number
  readonly now: () => number

  constructor(
    private readonly pair: Pair,
    private readonly around: Surroundings,
    private readonly from: Side
  ) {
    this.draw = chance(around.seed, `${pair.link.id}/${from}`)
    this.now = () => around.timers.now()
    this.wire = around.conditions.of(pair.link, from)
  }

  refresh(): void {
    this.wire = this.around.conditions.of(this.pair.link, this.from)
  }

  readonly ask = (kind: Passing["kind"], offset: number, bytes: Uint8Array): Found | undefined => {
    const { rules, timers } = this.around
    if (rules.empty) return undefined
    const { link } = this.pair
    return rules.ask({ kind, link, from: this.from, offset, size: bytes.length, bytes, time: timers.now() })
  }

  readonly reset = (): void => this.pair.cut(this.from)
  readonly hold = (by: Installed): void => this.pair.hold(by)
  readonly later = (run: () => void): void => this.around.deliveries.schedule({ run })
  readonly wait = (millis: number, f: () => void) =>
    this.around.timers.at(this.around.timers.now() + millis, f)
}

export class Pair {
  readonly client: MemoryTransport
  readonly server: MemoryTransport
  private readonly up: Flow
  private readonly down: Flow
  private readonly upward: Direction
  private readonly downward: Direction

  constructor(
    readonly link: Link,
    around: Surroundings,
    onClosed: (pair: Pair) => void
  ) {
    const { deliveries } = around
    const [client, server] = [link.client.address, link.server.address]
    this.upward = new Direction(this, around, "client")
    this.downward = new Direction(this, around, "server")
    const up = (this.up = new Flow(deliveries, this.upward))
    const down = (this.down = new Flow(deliveries, this.downward))
    const closed = () => {
      if (this.client.closed && this.server.closed) onClosed(this)
    }
    this.client = new MemoryTransport(client, server, up, down, deliveries, closed)
    this.server = new MemoryTransport(server, client, down, up, deliveries, closed)
  }

  /** Recomputes the conditions of both directions. */
  refresh(): void {
    this.upward.refresh()
    this.downward.refresh()
    // The window may be larger now, so let a waiting sender continue.
    this.up.wake()
    this.down.wake()
  }

  /** Sends RST in both directions, first in the direction from `from`. */
  cut(from: Side): void {
    const [first, second] = from === "client" ? [this.up, this.down] : [this.down, this.up]
    first.cut()
    second.cut()
  }

  hold(by: Installed): void {
    this.up.gate.hold(by)
    this.down.gate.hold(by)
  }

  report(): Connection {
    const end = (
      transport: MemoryTransport,
      out: Flow,
      incoming: Flow,
      address: Address | undefined
    ): End => ({
      address,
      state: transport.state,
      unsent: out.outgoing.bytes,
      unread: incoming.arrived.bytes
    })
    return {
      id: this.link.id,
      client: end(this.client, this.up, this.down, this.link.client.address),
      server: end(this.server, this.down, this.up, this.link.server.address)
    }
  }
}
