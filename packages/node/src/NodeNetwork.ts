/**
 * The network of the operating system: TCP over IPv4 and IPv6, Unix domain sockets, and TLS over both. Uses
 * `node:net`, `node:dns` and `node:tls`.
 *
 * Only moves bytes; never parses HTTP. socket/tcpTransport.ts implements the connections.
 *
 * @since 0.1.0
 */
import * as dns from "node:dns"
import * as net from "node:net"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as HttpError from "@httpfx/core/HttpError"
import * as Network from "@httpfx/core/Network"
import type { Address } from "@httpfx/core/Transport"
import { faultOf } from "./socket/fault.js"
import { activatedSocket, literal, openServer } from "./socket/listen.js"
import { connecting, type TcpTransport } from "./socket/tcpTransport.js"
import { checkTls, secure } from "./socket/tls.js"

const resolverCodes = ["ENOTFOUND", "EAI_AGAIN", "EAI_FAIL", "ENODATA", "ETIMEOUT"] as const

const notResolved = (host: string, error: NodeJS.ErrnoException) =>
  new HttpError.NameNotResolved({
    code:
      resolverCodes.find((code) => code === error.code) ??
      (error.code === "EAI_NODATA" ? "ENODATA" : "EAI_FAIL"),
    host,
    reason: error.message,
    cause: error
  })

const resolve: Network.Service["resolve"] = (host, options) =>
  Effect.async((resume) => {
    const name = literal(host)
    const family = net.isIP(name)
    if (family === 4 || family === 6) {
      if (options?.family === undefined || options.family === family) {
        return resume(Effect.succeed([{ address: name, family }]))
      }
      const message = `getaddrinfo ENOTFOUND ${name}`
      return resume(Effect.fail(new HttpError.NameNotResolved({ code: "ENOTFOUND", host, reason: message })))
    }
    const { family: wanted = 0, hints = 0 } = options ?? {}
    const told = (error: NodeJS.ErrnoException | null, found: ReadonlyArray<dns.LookupAddress>) => {
      if (error) return resume(Effect.fail(notResolved(host, error)))
      const [first, ...rest] = found.map(
        ({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }) as const
      )
      resume(
        first === undefined
          ? Effect.fail(
              new HttpError.NameNotResolved({ code: "ENODATA", host, reason: `no address for ${host}` })
            )
          : Effect.succeed([first, ...rest])
      )
    }
    try {
      dns.lookup(name, { all: true, verbatim: true, family: wanted, hints }, told)
    } catch (error) {
      // Node throws if the hint flags are invalid.
      resume(Effect.fail(notResolved(host, error as NodeJS.ErrnoException)))
    }
  })

const connectError = (address: Address, error: unknown): Network.ConnectError => {
  const fault = { ...faultOf(error as Error, "connect"), address }
  const failure = HttpError.fromFault(fault, { phase: "connect" })
  // These two errors describe established connections, so report a failed attempt to connect as another
  // error.
  return failure._tag === "BrokenPipe" || failure._tag === "TlsFailure"
    ? new HttpError.ConnectionFailed({ ...failure, code: fault.code })
    : failure
}

const open = (address: Address, options: Network.ConnectOptions | undefined) =>
  address._tag === "UnixAddress"
    ? connecting({ path: address.path }, { remote: address })
    : connecting({
        host: literal(address.hostname),
        port: address.port,
        // Try only this address. The caller of `connect` tries several addresses itself.
        autoSelectFamily: false,
        noDelay: options?.noDelay ?? true,
        ...(options?.localAddress === undefined ? {} : { localAddress: options.localAddress }),
        ...(options?.localPort === undefined ? {} : { localPort: options.localPort })
      })

const connect: Network.Service["connect"] = (address, options) =>
  Effect.async((resume) => {
    let transport: TcpTransport
    try {
      transport = open(address, options)
    } catch (error) {
      // Node throws if an argument is out of range, such as a port above 65535.
      return resume(Effect.fail(connectError(address, error)))
    }
    const { socket } = transport
    const connected = () => {
      socket.off("error", failed)
      resume(Effect.succeed(transport))
    }
    const failed = (error: Error) => {
      socket.off("connect", connected)
      resume(Effect.fail(connectError(address, error)))
    }
    socket.once("connect", connected)
    socket.once("error", failed)
    return Effect.sync(() => {
      socket.off("connect", connected)
      socket.off("error", failed)
      socket.destroy()
    })
  })

/**
 * Returns listen options for a listening socket that this process got from systemd, or from another program
 * with systemd's `LISTEN_FDS` protocol. `which` is the index of the socket, from 0, or its name
 * (`FileDescriptorName=`). Default 0.
 *
 * @since 0.1.0
 * @category constructors
 */
export const activated = (
  which: number | string = 0
): Effect.Effect<{ readonly fd: number }, HttpError.ListenFailed> =>
  Effect.suspend(() => activatedSocket(which))

/**
 * The `Network` service as a value, for programs that use no layers.
 *
 * @since 0.1.0
 * @category constructors
 */
export const live: Network.Service = {
  resolve,
  connect,
  listen: (options, onConnection) =>
    Effect.acquireRelease(openServer(options, onConnection), (listener) => listener.close),
  secure,
  checkTls
}

/**
 * Provides `Network` with the sockets of Node.js. The layer has no requirements and owns no resources. The
 * scope of `listen` owns the listener. The caller of `connect`, or the callback of `listen`, owns the
 * connection.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Network.Network> = Layer.succeed(Network.Network, live)
