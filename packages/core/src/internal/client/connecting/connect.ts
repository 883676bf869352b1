/**
 * Opens a connection to a destination. Connects to a socket path, calls the caller's `createConnection`, or
 * races the addresses of the name. Asks a proxy for a tunnel if the route has a proxy. Adds TLS if needed.
 *
 * On failure or interruption all connections that it opened are reset. Keeps no connection after returning
 * it, and never handles requests.
 */
import * as Effect from "effect/Effect"
import type { ConnectionOptions } from "../../options/request.js"
import * as HttpError from "../../../errors/index.js"
import type * as Network from "../../network.js"
import type { Origin } from "../../../pool/index.js"
import { tcp, unix } from "../../../model/address.js"
import { type Transport } from "../../../seams/transport.js"
import type { ParserOptions } from "../../../wire/index.js"
import { tunnel } from "./proxy.js"
import { alternate, attemptDelay, race } from "./race.js"
import type { Destination } from "./route.js"
import type { Sessions } from "./sessions.js"
import { refuseConnectionOption, refuseTlsOption } from "../../options/known.js"

/** Errors of opening a connection. */
export type OpenError =
  | Network.ConnectError
  | HttpError.NameNotResolved
  | HttpError.ConnectionError
  | HttpError.ParseError
  | HttpError.ProxyRefused
  | HttpError.ProxyAuthenticationRequired

/** The TLS options of a client. `serverName` defaults to the origin's host. */
export type TlsFields = Omit<Network.TlsOptions, "role">

type Open = Effect.Effect<Transport, OpenError>

const noOptions: ConnectionOptions = {}

// A local address can only reach addresses of its own family, so resolve only addresses of this family.
const familyFor = ({ family, localAddress }: ConnectionOptions): 4 | 6 | undefined =>
  family ?? (localAddress === undefined ? undefined : localAddress.includes(":") ? 6 : 4)

type OnStep = (step: "connect" | "secure") => void

/** The network, options and cached sessions with which an agent opens connections. */
export interface Means {
  readonly network: Network.Service
  readonly tls: TlsFields
  /** Options for parsing a proxy's responses. */
  readonly parser: ParserOptions
  readonly sessions: Sessions
}

interface Making extends Means {
  /** Called when a step after name resolution begins: connecting, or the TLS handshake. */
  readonly onStep: OnStep
}

const noAddress = (host: string) =>
  new HttpError.NameNotResolved({ code: "ENODATA", host, reason: `no address for ${host}` })

const overTcp = ({ network, onStep }: Making, { host, port }: Origin, options: ConnectionOptions): Open => {
  const { hints, localAddress, localPort, noDelay } = options
  const family = familyFor(options)
  const resolved = Effect.interruptible((options.lookup ?? network.resolve)(host, { family, hints }))
  const connecting: Network.ConnectOptions = { localAddress, localPort, noDelay }
  return Effect.flatMap(resolved, (addresses: ReadonlyArray<Network.ResolvedAddress>): Open => {
    if (addresses.length === 0) return Effect.fail(noAddress(host))
    onStep("connect")
    return race(
      alternate(addresses).map(({ address }) => tcp(address, port)),
      (address) => network.connect(address, connecting),
      options.attemptDelay ?? attemptDelay
    )
  })
}

const overPath = ({ network, onStep }: Making, path: string, noDelay: boolean | undefined): Open => {
  onStep("connect")
  return Effect.interruptible(network.connect(unix(path), { noDelay }))
}

const direct = (means: Making, origin: Origin, options: ConnectionOptions): Open =>
  options.socketPath === undefined
    ? overTcp(means, origin, options)
    : overPath(means, options.socketPath, options.noDelay)

/**
 * Runs the next step (tunnel or TLS) over an opened connection. Resets the connection if the step is
 * interrupted.
 */
const over = (open: Open, step: (transport: Transport) => Open): Open =>
  Effect.flatMap(open, (transport) =>
    Effect.onInterrupt(step(transport), () => Effect.sync(() => transport.reset()))
  )

type Judge = NonNullable<TlsFields["checkServerIdentity"]>

// Makes `judge` return its exceptions as errors. It runs within the socket's event handler, where an
// exception would end the process.
const unthrown =
  (judge: Judge): Judge =>
  (host, certificate) => {
    try {
      return judge(host, certificate)
    } catch (thrown) {
      return thrown instanceof Error ? thrown : new Error(String(thrown))
    }
  }

/**
 * Adds TLS to a connection. TLS sessions are cached by `key`, so connections with different servers or TLS
 * options need different keys.
 */
const secured = (
  { network, onStep, sessions }: Making,
  open: Open,
  tls: TlsFields,
  { host }: Origin,
  key: string
): Open => {
  const unknown = refuseTlsOption(tls)
  if (unknown !== undefined) return Effect.fail(unknown)
  return over(open, (transport) => {
    onStep("secure")
    const { checkServerIdentity, onSession, serverName = host, session = sessions.get(key) } = tls
    const options: Network.TlsOptions = {
      ...tls,
      serverName,
      role: "client",
      ...(checkServerIdentity !== undefined && { checkServerIdentity: unthrown(checkServerIdentity) }),
      session,
      onSession: (made) => {
        sessions.set(key, made)
        onSession?.(made)
      }
    }
    // The failed handshake may have offered a bad session, so delete the cached session.
    const secure = Effect.interruptible(network.secure(transport, options))
    return Effect.tapError(secure, () => Effect.sync(() => sessions.delete(key)))
  })
}

/**
 * Opens the connection for a request. The effect must run within `attempt`, which limits interruption to the
 * waits that are marked interruptible.
 */
export const connect = (means: Means, destination: Destination, onStep: OnStep): Open =>
  // `suspend` turns an exception of the caller's `createConnection` into a defect of the request.
  Effect.suspend(() => open({ ...means, onStep }, destination))

const open = (means: Making, destination: Destination): Open => {
  const options = destination.route?.connection ?? noOptions
  const unknown = refuseConnectionOption(options)
  if (unknown !== undefined) return Effect.fail(unknown)
  if (options.createConnection !== undefined) {
    means.onStep("connect")
    return Effect.interruptible(options.createConnection(destination))
  }
  const hop = destination.route?.tunnel
  const tls = options.tls === undefined ? means.tls : { ...means.tls, ...options.tls }
  if (hop === undefined) {
    const plain = direct(means, destination, options)
    return destination.protocol === "http:" ? plain : secured(means, plain, tls, destination, destination.key)
  }
  const plain = overTcp(means, hop.origin, options)
  const toProxy =
    hop.origin.protocol === "http:" ? plain : secured(means, plain, hop.tls ?? {}, hop.origin, hop.key)
  const through = over(toProxy, (transport) => {
    means.onStep("connect")
    return Effect.interruptible(tunnel(transport, hop, destination, means.parser))
  })
  return destination.protocol === "http:"
    ? through
    : secured(means, through, tls, destination, destination.key)
}
