/**
 * Computes the conditions of one direction of a connection from all matching conditions. The newest value of
 * each property applies.
 */
import * as Duration from "effect/Duration"
import type { Conditions, Where } from "../Conditions.js"
import type { Link, Side } from "../Verdict.js"
import { compile } from "../fault/patterns.js"

/**
 * The conditions of one direction, as numbers. Times are in milliseconds, sizes in bytes, and rates in bytes
 * per millisecond.
 */
export interface Wire {
  readonly latency: number
  readonly jitter: number
  readonly bandwidth: number
  readonly minSegment: number
  readonly maxSegment: number
  readonly coalesce: boolean
  readonly sendWindow: number
  readonly receiveWindow: number
  readonly linger: number
  /** Whether bytes arrive in the turn in which they are sent, because the direction has no delay. */
  readonly instant: boolean
}

const windowSize = 64 * 1024
const loopback = 64 * 1024
// The 1500 bytes of an Ethernet frame without the IP and TCP headers (RFC 9293 §3.7.1).
const ethernet = 1460

const millis = (duration: Duration.DurationInput | undefined) =>
  duration === undefined ? 0 : Duration.toMillis(duration)

const toWire = (conditions: Conditions): Wire => {
  const latency = millis(conditions.latency)
  const jitter = millis(conditions.jitter)
  const bandwidth = (conditions.bandwidth ?? Infinity) / 1000
  const size = conditions.segmentSize ?? (bandwidth < Infinity ? ethernet : loopback)
  const drawn = typeof size !== "number"
  return {
    latency,
    jitter,
    bandwidth,
    minSegment: Math.max(1, drawn ? size.min : size),
    maxSegment: Math.max(1, drawn ? size.max : size),
    coalesce: conditions.coalesce ?? drawn,
    sendWindow: conditions.sendWindow ?? windowSize,
    receiveWindow: conditions.receiveWindow ?? windowSize,
    linger: conditions.linger === undefined ? Infinity : millis(conditions.linger),
    instant: latency === 0 && jitter === 0 && bandwidth === Infinity
  }
}

interface Held {
  readonly matches: (link: Link, from?: Side) => boolean
  readonly conditions: Conditions
}

const defined = (conditions: Conditions): Conditions =>
  Object.fromEntries(Object.entries(conditions).filter(([, value]) => value !== undefined))

export class AllConditions {
  private readonly held: Array<Held> = []
  private readonly base: Conditions
  private readonly usual: Wire

  constructor(base: Conditions) {
    this.base = defined(base)
    this.usual = toWire(this.base)
  }

  add(where: Where, conditions: Conditions): Held {
    const item = { matches: compile(where), conditions: defined(conditions) }
    this.held.push(item)
    return item
  }

  remove(item: Held): void {
    this.held.splice(this.held.indexOf(item), 1)
  }

  /** Computes the current conditions of the direction from this end of the link. */
  of(link: Link, from: Side): Wire {
    const matching = this.held.filter(({ matches }) => matches(link, from))
    if (matching.length === 0) return this.usual
    return toWire(Object.assign({}, this.base, ...matching.map(({ conditions }) => conditions)) as Conditions)
  }
}
