/**
 * Asks the rules about every segment, FIN and RST of one direction, and applies their verdicts.
 */
import type { Line } from "./line.js"
import type { Installed } from "../fault/rules.js"
import type { Transit } from "./transit.js"

const none = new Uint8Array(0)

// The minimum retransmission timeout of Linux (`TCP_RTO_MIN`), in milliseconds.
const retransmission = 200

/** The direction that a gate controls. */
export interface Gated {
  stalled: boolean
  carry(chunk: Uint8Array): void
  carryFin(): void
  carryRst(): void
  wake(): void
}

export class Gate {
  /** Number of bytes that are withheld. */
  kept = 0
  private offset = 0
  private holder: Installed | undefined
  private parcels: Array<Uint8Array | "Fin" | "Rst"> = []
  /** Whether a rule has truncated this direction, so that FIN was sent in place of further bytes. */
  truncated = false
  private over = false
  private staller: Installed | undefined
  private cancelStall: (() => void) | undefined

  constructor(
    private readonly flow: Gated,
    private readonly transit: Transit,
    private readonly line: Line
  ) {}

  segment(chunk: Uint8Array): void {
    if (this.truncated) return
    if (this.holder !== undefined) return this.keep(chunk)
    const found = this.line.ask("Segment", this.offset, chunk)
    if (found === undefined) return this.pass(chunk)
    const { by, verdict } = found
    const after = "after" in verdict ? Math.max(0, Math.min(verdict.after, chunk.length)) : 0
    if (after > 0) this.pass(chunk.subarray(0, after))
    const rest = chunk.subarray(after)
    switch (verdict._tag) {
      case "Truncate":
        return this.truncate()
      case "Silence":
        this.hold(by)
        if (verdict.both) this.line.hold(by)
        return this.keep(rest)
      case "Stall":
        this.stall(by, verdict.millis)
        return this.pass(rest)
      case "Delay": {
        this.transit.delay(verdict.millis)
        this.pass(rest.subarray(0, verdict.size))
        if (verdict.size < rest.length) this.segment(rest.subarray(verdict.size))
        return
      }
      case "Drop":
        this.transit.delay(retransmission)
        return this.pass(rest)
      default:
        return this.line.reset()
    }
  }

  fin(): void {
    if (this.truncated) return
    if (this.holder !== undefined) return void this.parcels.push("Fin")
    const found = this.line.ask("Fin", this.offset, none)
    switch (found?.verdict._tag) {
      case undefined:
        break
      case "Silence":
        this.hold(found!.by)
        if (found!.verdict.both) this.line.hold(found!.by)
        this.parcels.push("Fin")
        return
      case "Stall":
        this.stall(found!.by, found!.verdict.millis)
        break
      case "Delay":
        this.transit.delay(found!.verdict.millis)
        break
      case "Drop":
        this.transit.delay(retransmission)
        break
      case "Truncate":
        break
      default:
        return this.line.reset()
    }
    this.flow.carryFin()
  }

  rst(): void {
    if (this.holder !== undefined) return void this.parcels.push("Rst")
    const found = this.line.ask("Rst", this.offset, none)
    switch (found?.verdict._tag) {
      case "Drop":
        return
      case "Silence":
        this.hold(found!.by)
        this.parcels.push("Rst")
        return
      case "Delay":
        this.transit.delay(found!.verdict.millis)
    }
    this.flow.carryRst()
  }

  /** Withholds all events of this direction until the rule is removed. */
  hold(by: Installed): void {
    if (this.holder !== undefined || this.over) return
    this.holder = by
    by.held.add(this.release)
  }

  /**
   * Drops the withheld bytes. A sender that resets drops its unsent bytes, and withheld bytes count as
   * unsent.
   */
  forget(): void {
    this.parcels = []
    this.kept = 0
  }

  close(): void {
    this.over = true
    this.forget()
    this.holder?.held.delete(this.release)
    this.holder = undefined
    this.goOn()
  }

  private pass(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.offset += chunk.length
    this.flow.carry(chunk)
  }

  private keep(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.parcels.push(chunk)
    this.kept += chunk.length
  }

  private truncate(): void {
    this.truncated = true
    this.flow.carryFin()
  }

  // Sends the withheld events, on which the remaining rules decide again. Waits for a later turn, because the
  // program can remove a rule inside any call.
  private readonly release = (): void =>
    this.line.later(() => {
      if (this.over) return
      this.holder = undefined
      const { parcels } = this
      this.forget()
      for (const parcel of parcels) {
        if (parcel === "Fin") this.fin()
        else if (parcel === "Rst") this.rst()
        else this.segment(parcel)
      }
      this.flow.wake()
    })

  // Makes the receiver stop reading (a stall). With latency, the stall begins only when the bytes in flight
  // have arrived.
  private stall(by: Installed, millis: number | undefined): void {
    if (this.staller !== undefined) return
    this.staller = by
    by.held.add(this.goOn)
    const begin = () => {
      if (this.staller !== by || this.over) return
      this.flow.stalled = true
      if (millis !== undefined) this.cancelStall = this.line.wait(millis, this.goOn)
    }
    if (this.transit.instant) begin()
    else this.transit.carry(0, begin)
  }

  private readonly goOn = (): void => {
    this.cancelStall?.()
    this.cancelStall = undefined
    this.staller?.held.delete(this.goOn)
    this.staller = undefined
    this.flow.stalled = false
    if (!this.over) this.flow.wake()
  }
}
