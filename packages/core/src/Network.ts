/**
 * The interface to a network, which resolves names, opens connections, listens, and adds TLS to a connection.
 *
 * A network only moves bytes. Its users parse, pool and retry. Therefore the client, and not the network,
 * tries each address of a name.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Address, Transport } from "./Transport.js"
import {
  Network,
  type ConnectError,
  type ConnectOptions,
  type Listener,
  type Service,
  type ListenError,
  type ListenOptions
} from "./internal/network.js"

export type {
  ConnectError,
  ListenError,
  ResolveOptions,
  ResolvedAddress,
  ConnectOptions,
  ListenOptions,
  Listener,
  TlsVersion,
  PeerCertificate,
  TlsOptions,
  Credentials,
  ServerTls,
  ClosingDeadline,
  Service
} from "./internal/network.js"
export { certificateName, formatListen, Network } from "./internal/network.js"

/**
 * Listens on the network in the context.
 *
 * @since 0.1.0
 * @category accessors
 */
export const listen = (
  options: ListenOptions,
  onConnection: (transport: Transport) => void,
  onRefused?: Parameters<Service["listen"]>[2]
): Effect.Effect<Listener, ListenError, Network | Scope.Scope> =>
  Effect.flatMap(Network, (network) => network.listen(options, onConnection, onRefused))

/**
 * Connects on the network in the context.
 *
 * @since 0.1.0
 * @category accessors
 */
export const connect = (
  address: Address,
  options?: ConnectOptions
): Effect.Effect<Transport, ConnectError, Network> =>
  Effect.flatMap(Network, (network) => network.connect(address, options))
