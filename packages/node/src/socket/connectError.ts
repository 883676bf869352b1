/** Converts the fault of an attempt to connect to the error of the network. */
import * as HttpError from "@httpfx/core/HttpError"
import type { ConnectError } from "@httpfx/core/Network"
import type { Address, Fault } from "@httpfx/core/Transport"

export const connectError = (fault: Fault, address: Address): ConnectError => {
  const failure = HttpError.fromFault({ ...fault, address }, { phase: "connect" })
  // These two errors describe established connections, so report a failed attempt to connect as another
  // error.
  return failure._tag === "BrokenPipe" || failure._tag === "TlsFailure"
    ? new HttpError.ConnectionFailed({ ...failure, code: fault.code })
    : failure
}
