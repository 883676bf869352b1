/**
 * A transport after its TLS handshake. The bytes that arrived with the end of the handshake are read first.
 */
import { PrefixedTransport, type TlsFacts, type Transport } from "@httpfx/core/Transport"
import { queueMicrotask } from "../../time/realTime.js"

export class SecuredTransport extends PrefixedTransport {
  constructor(
    below: Transport,
    rest: Uint8Array | undefined,
    private readonly session: TlsFacts,
    private readonly requireCloseNotify: boolean
  ) {
    super(below, rest, queueMicrotask)
  }

  override get tls(): TlsFacts {
    return this.session
  }
  override get truncated(): boolean {
    return this.requireCloseNotify && super.truncated
  }
}
