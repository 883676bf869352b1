/**
 * From an origin to an established connection: the name's addresses raced, then TLS where it is due.
 *
 * Leaves nothing behind when it fails or is interrupted. Keeps no connection and knows nothing of requests.
 */
import * as Effect from "effect/Effect"
import type * as HttpError from "../HttpError.js"
import type { ConnectError, NetworkService, TlsOptions } from "../Network.js"
import type { Origin } from "../pool/index.js"
import { tcp, type Transport } from "../Transport.js"
import { alternate, race } from "./clientRace.js"

/** Why there is no connection to an origin. */
export type OpenError =
  | ConnectError
  | HttpError.NameNotResolved
  | HttpError.TlsFailure
  | HttpError.ConnectionReset
  | HttpError.HangUp

/** What the owner of the client says of TLS; the name to verify is the origin's. */
export type TlsFields = Omit<TlsOptions, "role" | "serverName" | "alpn">

export const connect = (
  network: NetworkService,
  origin: Origin,
  tls: TlsFields,
  onStep: (step: "connect" | "secure") => void
): Effect.Effect<Transport, OpenError> => {
  const plain = Effect.flatMap(network.resolve(origin.host), (addresses) => {
    onStep("connect")
    return race(
      alternate(addresses).map(({ address }) => tcp(address, origin.port)),
      (address) => network.connect(address)
    )
  })
  if (origin.protocol === "http:") return plain
  return Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(restore(plain), (transport) => {
      onStep("secure")
      // An interruption may come before `secure` has taken the connection.
      return Effect.onInterrupt(
        restore(network.secure(transport, { ...tls, role: "client", serverName: origin.host })),
        () => Effect.sync(() => transport.reset())
      )
    })
  )
}
