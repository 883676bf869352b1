/**
 * Listens with `node:net` on a port, a path, a file descriptor or a server that already listens.
 *
 * Replaces the file of a Unix socket that a crashed process has left. Never replaces a file on which a
 * process listens.
 */
import * as fs from "node:fs"
import * as net from "node:net"
import process from "node:process"
import * as Effect from "effect/Effect"
import * as HttpError from "@httpfx/core/HttpError"
import { formatListen, type ListenError, type Listener, type ListenOptions } from "@httpfx/core/Network"
import type { Address, Transport } from "@httpfx/core/Transport"
import { setImmediate } from "../time/realTime.js"
import { acceptTransports, createServer } from "./tcpTransport.js"

/** Converts an error of listening to the error of the network. */
export const listenFailed = (options: ListenOptions, error: NodeJS.ErrnoException): ListenError => {
  const fields = { address: formatListen(options), reason: error.message, cause: error }
  return error.code === "EADDRINUSE"
    ? new HttpError.AddressInUse(fields)
    : new HttpError.ListenFailed({ ...fields, code: error.code ?? "EINVAL" })
}

const boundTo = (server: net.Server): Address => {
  const address = server.address()
  return typeof address === "string"
    ? { _tag: "UnixAddress", path: address }
    : { _tag: "TcpAddress", hostname: address?.address ?? "", port: address?.port ?? 0 }
}

// Older versions of Node ignore `reusePort`. A second listener then fails with EADDRINUSE, which misleads the
// user.
const knowsReusePort = (): boolean => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12)
}

/**
 * Returns the host of a URL without the brackets of an IPv6 address (RFC 3986 §3.2.2). Decodes the "%25"
 * before a zone to "%" (RFC 6874).
 */
export const literal = (host: string): string =>
  host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1).replace("%25", "%") : host

const listenOn = (server: net.Server, options: ListenOptions, ready: () => void): void => {
  if ("handle" in options) return void server.listen(options.handle, ready)
  const backlog = options.backlog ?? 511
  if ("fd" in options) return void server.listen({ fd: options.fd, backlog } as net.ListenOptions, ready)
  if ("path" in options) return void server.listen({ path: options.path, backlog }, ready)
  const { host, ipv6Only = false, port, reusePort = false } = options
  if (reusePort && !knowsReusePort()) {
    const message = `reusePort needs Node.js 22.12 or later, this is ${process.versions.node}`
    throw Object.assign(new Error(message), { code: "ENOTSUP" })
  }
  const given = { port, backlog, ipv6Only, ...(host === undefined ? {} : { host: literal(host) }) }
  server.listen(reusePort ? ({ ...given, reusePort } as net.ListenOptions) : given, ready)
}

// Clients that connect without a pause must not hold the port open.
const mostTurns = 128

/**
 * Closes a server when no connection waits to be accepted, because the system would reset waiting
 * connections. A turn of the event loop accepts at least one of them, so none waits if a turn accepts none.
 */
const closing = (server: net.Server, accepted: () => number): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    const turn = (before: number, left: number) => {
      const now = accepted()
      if (now > before && left > 0) return void setImmediate(turn, now, left - 1)
      server.close()
      resume(Effect.void)
    }
    // Begin in a new turn, because a signal may be handled before the connections of the same turn are
    // accepted.
    setImmediate(turn, -1, mostTurns)
  })

const opened = (
  options: ListenOptions,
  onConnection: (transport: Transport) => void
): Effect.Effect<Listener, ListenError> =>
  Effect.async((resume) => {
    let local: Address | undefined
    let accepted = 0
    const accept = (transport: Transport) => {
      accepted++
      onConnection(transport)
    }
    const addresses = () => (local?._tag === "UnixAddress" ? { local } : undefined)
    const server = createServer(addresses, accept)
    const failed = (error: Error) => resume(Effect.fail(listenFailed(options, error)))
    server.once("error", failed)
    const ready = () => {
      server.off("error", failed)
      server.on("error", () => {})
      acceptTransports(server, addresses, accept)
      const address = (local = boundTo(server))
      resume(
        Effect.succeed({
          address,
          close: closing(server, () => accepted),
          ref: () => void server.ref(),
          unref: () => void server.unref()
        })
      )
    }
    try {
      listenOn(server, options, ready)
    } catch (error) {
      failed(error as Error)
    }
  })

/** Removes the file of a Unix socket on which no process listens. Returns whether the file was removed. */
const removeStale = (path: string): Effect.Effect<boolean> =>
  Effect.async((resume) => {
    const socket = net.connect(path)
    socket.once("connect", () => {
      socket.destroy()
      resume(Effect.succeed(false))
    })
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ECONNREFUSED") return resume(Effect.succeed(false))
      resume(
        Effect.sync(() => {
          try {
            if (!fs.lstatSync(path).isSocket()) return false
            fs.unlinkSync(path)
            return true
          } catch {
            return false
          }
        })
      )
    })
  })

/** Listens again after removing a stale file of a Unix socket, unless the options forbid it. */
export const replacingStale = (
  options: ListenOptions,
  once: Effect.Effect<Listener, ListenError>
): Effect.Effect<Listener, ListenError> => {
  if (!("path" in options) || options.replaceStale === false) return once
  return Effect.catchTag(once, "AddressInUse", (error) =>
    Effect.flatMap(removeStale(options.path), (removed) => (removed ? once : Effect.fail(error)))
  )
}

export const openServer = (
  options: ListenOptions,
  onConnection: (transport: Transport) => void
): Effect.Effect<Listener, ListenError> => replacingStale(options, opened(options, onConnection))

// The first passed descriptor is 3. The descriptors are meant for the process with the pid LISTEN_PID
// (sd_listen_fds(3)).
const firstDescriptor = 3

export const activatedSocket = (
  which: number | string
): Effect.Effect<{ readonly fd: number }, HttpError.ListenFailed> => {
  const { LISTEN_FDNAMES = "", LISTEN_FDS = "", LISTEN_PID } = process.env
  const count = /^\d+$/.test(LISTEN_FDS) && Number(LISTEN_PID) === process.pid ? Number(LISTEN_FDS) : 0
  const index = typeof which === "number" ? which : LISTEN_FDNAMES.split(":").indexOf(which)
  if (Number.isInteger(index) && index >= 0 && index < count)
    return Effect.succeed({ fd: firstDescriptor + index })
  const reason = `no socket ${JSON.stringify(which)} was handed to this process (${count} were)`
  return Effect.fail(new HttpError.ListenFailed({ code: "EBADF", address: `socket ${which}`, reason }))
}
