/**
 * Admits a server's connections within its limits, in total and per address.
 *
 * Only counts and decides; never closes a connection. Counts per address only if that limit is set.
 */
import type { DropReason } from "../../model/outcome.js"
import type { Transport } from "../../seams/transport.js"

/** `reset`: reset the connection at once. A `DropReason`: respond 503 to its first request. */
export type Admission = "serve" | "reset" | DropReason

/** An admission that keeps the connection, possibly only to send a 503. */
export type Admitted = Exclude<Admission, "reset">

export interface AdmissionLimits {
  /** 0: no limit. */
  readonly maxConnections: number
  /** 0: no limit. */
  readonly maxConnectionsPerAddress: number
  readonly whenFull: "answer" | "reset"
}

// Maximum number of connections that wait for a 503 at once. They need slots too, so further connections are
// reset.
const maxAnswered = 128

const addressOf = (transport: Transport): string | undefined =>
  transport.remote?._tag === "TcpAddress" ? transport.remote.hostname : undefined

export class AdmissionControl {
  private serving = 0
  private answering = 0
  private readonly byAddress = new Map<string, number>()
  /** The address counted for each connection, so that `leave` decrements the same counter. */
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

  /** Moves the count of an admitted transport to the TLS transport that wraps it. */
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
