/**
 * A connection after its PROXY header. Its addresses are those of the header, and the bytes that arrived with
 * the header are read first.
 */
import type { Timers } from "../../Timers.js"
import { PrefixedTransport, type Address, type Transport } from "../../Transport.js"

export class ProxiedTransport extends PrefixedTransport {
  constructor(
    below: Transport,
    private readonly destination: Address | undefined,
    private readonly source: Address | undefined,
    rest: Uint8Array | undefined,
    timers: Timers
  ) {
    super(below, rest, (f) => timers.turn(f))
  }

  override get local(): Address | undefined {
    return this.destination
  }
  override get remote(): Address | undefined {
    return this.source
  }
}
