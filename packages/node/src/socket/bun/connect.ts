/**
 * Connects with `Bun.connect`. Bun cannot abort an attempt, so an interrupted attempt closes its connection
 * as soon as the connection is open.
 */
import * as Effect from "effect/Effect"
import type { Service } from "@httpfx/core/Network"
import { fault, type Address } from "@httpfx/core/Transport"
import { connectError } from "../connectError.js"
import { literal } from "../listen.js"
import { handlers, type Bun, type BunSocket, type Receiver } from "./api.js"
import { BunTransport, type Addresses } from "./transport.js"

type Options = Parameters<Service["connect"]>[1]

const target = (address: Address, options: Options) =>
  address._tag === "UnixAddress"
    ? { unix: address.path }
    : {
        hostname: literal(address.hostname),
        port: address.port,
        ...(options?.localAddress === undefined ? {} : { localAddress: options.localAddress }),
        ...(options?.localPort === undefined ? {} : { localPort: options.localPort })
      }

const ignored = () => {}

/** Receives the events of an attempt to connect. */
class Attempt implements Receiver {
  abandoned = false

  constructor(
    private readonly addresses: Addresses | undefined,
    private readonly connected: (transport: BunTransport) => void
  ) {}

  opened(socket: BunSocket): void {
    if (this.abandoned) return socket.terminate()
    const transport = new BunTransport(socket, this.addresses)
    socket.data = transport
    // Stop reading, because Bun would otherwise start to read now.
    transport.halt()
    this.connected(transport)
  }

  readonly sawData = ignored
  readonly sawDrain = ignored
  readonly sawEnd = ignored
  readonly sawClose = ignored
  readonly sawError = ignored
}

export const connectWith =
  (bun: Bun): Service["connect"] =>
  (address, options) =>
    Effect.async((resume) => {
      const failed = (cause: NodeJS.ErrnoException) => {
        const code = cause.code ?? "ERR_HTTPFX_STREAM"
        resume(Effect.fail(connectError(fault(code, "connect", { address, cause }), address)))
      }
      const unix = address._tag === "UnixAddress"
      const attempt = new Attempt(unix ? { remote: address } : undefined, (transport) => {
        const wanted = options?.localAddress
        const { local } = transport
        if (
          !unix &&
          wanted !== undefined &&
          local?._tag === "TcpAddress" &&
          local.hostname !== literal(wanted)
        ) {
          transport.reset()
          return failed(Object.assign(new Error("Bun ignored `localAddress`"), { code: "ENOTSUP" }))
        }
        if (options?.noDelay === false) transport.noDelay(false)
        resume(Effect.succeed(transport))
      })
      try {
        bun
          .connect({
            ...target(address, options),
            allowHalfOpen: true,
            data: attempt,
            // With this handler, Bun does not report a failed attempt as an unhandled rejection.
            socket: { ...handlers, connectError: ignored }
          })
          .catch(failed)
      } catch (error) {
        failed(error as Error)
      }
      return Effect.sync(() => {
        attempt.abandoned = true
      })
    })
