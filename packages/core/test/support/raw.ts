// A client controlled by the test: sends given bytes, and keeps received ones as text (a character per byte).
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as HttpServer from "@effect/platform/HttpServer"
import { Network, type Transport } from "@httpfx/core"

export class Raw {
  received = ""
  ended = false
  closed = false
  fault: string | undefined
  private waiter: (() => void) | undefined

  constructor(readonly transport: Transport.Transport) {
    const tell = () => {
      const waiter = this.waiter
      this.waiter = undefined
      waiter?.()
    }
    transport.start({
      data: (chunk) => {
        this.received += Array.from(chunk, (byte) => String.fromCharCode(byte)).join("")
        tell()
      },
      end: () => {
        this.ended = true
        tell()
      },
      drain: tell,
      error: (fault) => {
        this.fault = fault.code
      },
      close: () => {
        this.closed = true
        tell()
      }
    })
  }

  send(text: string): void {
    this.transport.write(text)
  }

  /** Waits until the predicate holds; fails if the connection closes before. */
  until(holds: (raw: Raw) => boolean): Effect.Effect<string, string> {
    return Effect.async<string, string>((resume) => {
      const look = () => {
        if (holds(this)) resume(Effect.succeed(this.received))
        else if (this.closed) resume(Effect.fail(`closed after ${JSON.stringify(this.received)}`))
        else this.waiter = look
      }
      look()
      return Effect.sync(() => {
        this.waiter = undefined
      })
    })
  }

  /** Waits until the received text contains `marker` `times` times. */
  has(marker: string, times = 1): Effect.Effect<string, string> {
    return this.until((raw) => raw.received.split(marker).length > times)
  }

  /** Waits until the server has sent FIN (or the connection has closed). */
  readonly over: Effect.Effect<string, string> = this.until((raw) => raw.ended || raw.closed)
}

/** A connection to the server in the context, reset at the end of the scope. */
export const connect: Effect.Effect<
  Raw,
  Network.ConnectError,
  Network.Network | HttpServer.HttpServer | Scope.Scope
> = Effect.gen(function* () {
  const { address } = yield* HttpServer.HttpServer
  const target: Transport.Address =
    address._tag === "TcpAddress" && (address.hostname === "0.0.0.0" || address.hostname === "::")
      ? { ...address, hostname: "127.0.0.1" }
      : address
  const transport = yield* Network.connect(target)
  yield* Effect.addFinalizer(() => Effect.sync(() => transport.reset()))
  return new Raw(transport)
})

/** Sends one text and returns all output until the server closed. */
export const talk = (text: string) =>
  Effect.scoped(
    Effect.flatMap(connect, (raw) => {
      raw.send(text)
      return raw.over
    })
  )
