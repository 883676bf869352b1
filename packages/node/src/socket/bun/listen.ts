/**
 * Listens with `Bun.listen` on a port or a path. Refuses the options that Bun does not have: `backlog`, and
 * listening on a descriptor or a handle.
 */
import * as net from "node:net"
import * as Effect from "effect/Effect"
import {
  formatListen,
  type ListenError,
  type Listener,
  type ListenOptions,
  type Service
} from "@httpfx/core/Network"
import type { Address, Transport } from "@httpfx/core/Transport"
import { listenFailed, literal, replacingStale } from "../listen.js"
import { resolve } from "../resolve.js"
import { handlers, type Bun, type BunListener } from "./api.js"
import { BunTransport, type Addresses } from "./transport.js"

const failure = (code: string, message: string, cause?: unknown) =>
  Object.assign(new Error(message, { cause }), { code })

const lacking = (options: ListenOptions): string | undefined => {
  if ("fd" in options) return "fd"
  if ("handle" in options) return "handle"
  return options.backlog === undefined ? undefined : "backlog"
}

const boundTo = (listener: BunListener): Address =>
  listener.unix === undefined
    ? { _tag: "TcpAddress", hostname: listener.hostname ?? "", port: listener.port ?? 0 }
    : { _tag: "UnixAddress", path: listener.unix }

// Error codes of systems without IPv6. On these systems, `::` must be replaced by the IPv4 wildcard address.
const withoutIPv6 = ["EAFNOSUPPORT", "EADDRNOTAVAIL", "EINVAL"]

const opened = (
  bun: Bun,
  options: ListenOptions,
  hostname: string,
  onConnection: (transport: Transport) => void
): Effect.Effect<Listener, ListenError> =>
  Effect.try({
    try: () => {
      let addresses: Addresses | undefined
      const common = {
        allowHalfOpen: true,
        socket: {
          ...handlers,
          open: (socket: Parameters<typeof handlers.open>[0]) => {
            const transport = new BunTransport(socket, addresses)
            socket.data = transport
            onConnection(transport)
            if (!transport.isStarted) transport.halt()
          }
        }
      }
      const listenOn = (hostname: string) => {
        if ("path" in options) return bun.listen({ ...common, unix: options.path })
        const { ipv6Only, port, reusePort } = options as Extract<ListenOptions, { readonly port: number }>
        return bun.listen({
          ...common,
          hostname,
          port,
          ...(ipv6Only === true && { ipv6Only }),
          ...(reusePort === true && { reusePort })
        })
      }
      let listener: BunListener
      try {
        listener = listenOn(hostname || "::")
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (hostname !== "" || !withoutIPv6.includes(code ?? "")) throw error
        listener = listenOn("0.0.0.0")
      }
      const address = boundTo(listener)
      if (address._tag === "UnixAddress") addresses = { local: address }
      return {
        address,
        close: Effect.sync(() => listener.stop()),
        ref: () => listener.ref(),
        unref: () => listener.unref()
      }
    },
    catch: (error) => {
      const { code = "EINVAL", message } = error as NodeJS.ErrnoException
      const reason = code.startsWith("ERR_") ? message : `listen ${code} ${formatListen(options)}`
      return listenFailed(options, failure(code, reason, error))
    }
  })

// `Bun.listen` reports a host name as the bound address, so resolve the name first.
const hostOf = (options: ListenOptions): Effect.Effect<string, ListenError> => {
  const host = "host" in options && options.host !== undefined ? literal(options.host) : ""
  if (host === "" || net.isIP(host) !== 0) return Effect.succeed(host)
  return Effect.mapBoth(resolve(host), {
    onFailure: ({ code, reason }) => listenFailed(options, failure(code, reason)),
    onSuccess: ([first]) => first.address
  })
}

export const listenWith =
  (bun: Bun): Service["listen"] =>
  (options, onConnection) => {
    const name = lacking(options)
    if (name !== undefined) {
      return Effect.fail(listenFailed(options, failure("ENOTSUP", `Bun.listen has no option \`${name}\``)))
    }
    const once = Effect.flatMap(hostOf(options), (hostname) => opened(bun, options, hostname, onConnection))
    return Effect.acquireRelease(replacingStale(options, once), (listener) => listener.close)
  }
