/**
 * How many connections a server takes, in all and from one address, and what becomes of one too many.
 *
 * Counts and decides; closes nothing itself. Nothing is counted by address unless that is limited.
 */
import type { DropReason } from "../../model/outcome.js"
import type { Transport } from "../../seams/transport.js"

/** A reason: its first request is answered with 503; `reset`: at once. */
export type Admission = "serve" | "reset" | DropReason

/** It has a place, if only to be told that there is none. */
export type Admitted = Exclude<Admission, "reset">

export interface AdmissionLimits {
  /** 0: no limit. */
  readonly maxConnections: number
  /** 0: no limit. */
  readonly maxConnectionsPerAddress: number
  readonly whenFull: "answer" | "reset"
}

// To be told that there is no room needs room as well: so many at a time, further ones are reset.
const maxAnswered = 128

const addressOf = (transport: Transport): string | undefined =>
  transport.remote?._tag === "TcpAddress" ? transport.remote.hostname : undefined

export class AdmissionControl {
  private serving = 0
  private answering = 0
  private readonly byAddress = new Map<string, number>()
  /** What was counted for which connection, so that exactly that is taken back. */
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

  /** What was admitted goes on as another transport: its TLS layer. */
  replace(plain: Transport, secured: Transport): void {
    if (!this.counted.has(plain)) return
    this.counted.set(secured, this.counted.get(plain))
    this.counted.delete(plain)
  }

  /** A connection that was not reset is over. */
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
