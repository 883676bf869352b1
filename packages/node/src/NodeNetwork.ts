/**
 * The network of the operating system: TCP over IPv4 and IPv6, Unix domain sockets, and TLS over both. Uses
 * `node:net`, `node:dns` and `node:tls`.
 *
 * Only moves bytes; never parses HTTP. socket/tcpTransport.ts implements the connections.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as HttpError from "@httpfx/core/HttpError"
import * as Network from "@httpfx/core/Network"
import type { Address } from "@httpfx/core/Transport"
import { faultOf } from "./socket/fault.js"
import { activatedSocket, literal, openServer } from "./socket/listen.js"
import { connectError } from "./socket/connectError.js"
import { resolve } from "./socket/resolve.js"
import { connecting, type TcpTransport } from "./socket/tcpTransport.js"
import { checkTls, secure } from "./socket/tls.js"

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
      return resume(Effect.fail(connectError(faultOf(error as Error, "connect"), address)))
    }
    const { socket } = transport
    const connected = () => {
      socket.off("error", failed)
      resume(Effect.succeed(transport))
    }
    const failed = (error: Error) => {
      socket.off("connect", connected)
      resume(Effect.fail(connectError(faultOf(error, "connect"), address)))
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
