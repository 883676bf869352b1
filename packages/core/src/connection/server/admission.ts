/**
 * Decides whether a server admits a connection. There are limits for all connections and for one address.
 *
 * This module counts and decides, and never closes a connection. Connections are counted per address only if
 * `maxConnectionsPerAddress` is set.
 */
import type { DropReason } from "../../model/outcome.js"
import type { Transport } from "../../seams/transport.js"

/**
 * Decision about a new connection. `serve` serves the connection, and `reset` resets it at once. A
 * `DropReason` means that the first request of the connection gets 503.
 */
export type Admission = "serve" | "reset" | DropReason

/** An admission that keeps the connection, possibly only to send a 503. */
export type Admitted = Exclude<Admission, "reset">

export interface AdmissionLimits {
  /** Maximum number of connections; 0 means no limit. */
  readonly maxConnections: number
  /** Maximum number of connections from one address; 0 means no limit. */
  readonly maxConnectionsPerAddress: number
  readonly whenFull: "answer" | "reset"
}

// Maximum number of connections that are open only to get a 503. Further connections are reset.
const maxAnswered = 128

const addressOf = (transport: Transport): string | undefined =>
  transport.remote?._tag === "TcpAddress" ? transport.remote.hostname : undefined

export class AdmissionControl {
  private serving = 0
  private answering = 0
  private readonly byAddress = new Map<string, number>()
  /** The address under which each connection was counted. `leave` decrements the counter of this address. */
  private readonly counted = new Map<Transport, string | undefined>()

  private readonly limited: boolean

  constructor(private readonly limits: AdmissionLimits) {
    this.limited = limits.maxConnections > 0 || limits.maxConnectionsPerAddress > 0
  }

  admit(transport: Transport): Admission {
    const { maxConnections, maxConnectionsPerAddress } = this.limits
    if (!this.limited) return "serve"
    const address = maxConnectionsPerAddress > 0 ? addressOf(transport) : undefined
    const ofAddress = address === undefined ? 0 : (this.byAddress.get(address) ?? 0)
    if (maxConnections > 0 && this.serving >= maxConnections) return this.turnAway("maxConnections")
    if (address !== undefined && ofAddress >= maxConnectionsPerAddress)
      return this.turnAway("maxConnectionsPerAddress")
    this.serving++
    if (address !== undefined) this.byAddress.set(address, ofAddress + 1)
    this.counted.set(transport, address)
    return "serve"
  }

  /** Counts a TLS transport in place of the admitted transport that it wraps. */
  replace(plain: Transport, secured: Transport): void {
    if (!this.counted.has(plain)) return
    this.counted.set(secured, this.counted.get(plain))
    this.counted.delete(plain)
  }

  /** Releases the slot of an admitted connection. */
  leave(transport: Transport): void {
    if (!this.limited) return
    if (!this.counted.has(transport)) {
      this.answering--
      return
    }
    const address = this.counted.get(transport)
    this.counted.delete(transport)
    this.serving--
    if (address === undefined) return
    const left = this.byAddress.get(address)! - 1
    if (left === 0) this.byAddress.delete(address)
    else this.byAddress.set(address, left)
  }

  private turnAway(reason: DropReason): Admission {
    if (this.limits.whenFull === "reset" || this.answering >= maxAnswered) return "reset"
    this.answering++
    return reason
  }
}
