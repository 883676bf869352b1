/**
 * The TLS handshakes of a server, which turn plain connections into TLS connections.
 *
 * Certificates can be replaced at runtime. Handshakes in progress keep the old certificates. A handshake that
 * fails or times out affects only its own connection. Never handles a connection after its handshake.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Runtime from "effect/Runtime"
import * as HttpError from "../../errors/index.js"
import type * as Network from "../network.js"
import type { Timers } from "../../seams/timers.js"
import { formatAddress } from "../../model/address.js"
import { type Transport } from "../../seams/transport.js"
import type { Admission, Admitted } from "../../connection/server/admission.js"
import type { Handshakes } from "../../connection/server/life.js"
import { attempt } from "../client/connecting/attempt.js"
import { refuseTlsOption } from "../options/known.js"

/** The error of a connection whose TLS handshake failed. */
export type HandshakeError = Effect.Effect.Error<ReturnType<Network.Service["secure"]>>

/** The server that owns the connections. */
export interface HandshakeServer {
  readonly timers: Timers
  /**
   * Reserves a slot among the server's connections. A handshake needs a slot before it starts, as a plain
   * connection does.
   */
  admit(plain: Transport): Admission
  handshakeDone(plain: Transport, secured: Transport, admission: Admitted): void
  /** Called when a handshake has failed or was interrupted. */
  handshakeOver(plain: Transport): void
  checkEmpty(): void
}

export interface HandshakeEvents {
  handshakeFailed(error: HandshakeError, plain: Transport): void
}

export class ServerHandshakes implements Handshakes {
  private options: Network.TlsOptions
  private readonly underWay = new Set<Fiber.RuntimeFiber<unknown, unknown>>()

  constructor(
    private readonly network: Network.Service,
    private tls: Network.ServerTls,
    private readonly runtime: Runtime.Runtime<never>,
    private readonly server: HandshakeServer,
    private readonly events: HandshakeEvents
  ) {
    this.options = optionsOf(tls)
  }

  get count(): number {
    return this.underWay.size
  }

  readonly accept = (plain: Transport): void => {
    const { server } = this
    const { timers } = server
    const admission = server.admit(plain)
    if (admission === "reset") return
    const limit = Duration.toMillis(this.tls.handshakeTimeout ?? Duration.seconds(120))
    const fiber = attempt(this.runtime, Effect.interruptible(this.network.secure(plain, this.options)))
    this.underWay.add(fiber)
    let late = false
    const tooLate = () => {
      late = true
      fiber.unsafeInterruptAsFork(fiber.id())
    }
    const cancel = limit === Infinity ? undefined : timers.at(timers.now() + limit, tooLate)
    fiber.addObserver((exit) => {
      cancel?.()
      this.underWay.delete(fiber)
      if (Exit.isSuccess(exit) && !late) {
        server.handshakeDone(plain, exit.value, admission)
        return server.checkEmpty()
      }
      // The handshake succeeded just as its timeout expired. Reset the connection, because no code will
      // receive it.
      if (Exit.isSuccess(exit)) exit.value.reset()
      const failure = late
        ? Option.some(tooSlow(plain, limit))
        : Option.flatMap(Exit.causeOption(exit), Cause.failureOption)
      if (Option.isSome(failure)) this.events.handshakeFailed(failure.value, plain)
      server.handshakeOver(plain)
    })
  }

  /** Replaces the certificates for all later handshakes. */
  use(tls: Network.ServerTls): Effect.Effect<void, HttpError.TlsFailure> {
    return Effect.map(check(this.network, tls), () => {
      this.tls = tls
      this.options = optionsOf(tls)
    })
  }

  giveUp(): void {
    for (const fiber of [...this.underWay]) fiber.unsafeInterruptAsFork(fiber.id())
  }
}

// Networks cache TLS contexts by the identity of the options object. So all handshakes use the same object.
const optionsOf = ({ handshakeTimeout: _, ...options }: Network.ServerTls): Network.TlsOptions => ({
  ...options,
  role: "server"
})

const tooSlow = (plain: Transport, timeout: number) =>
  new HttpError.TlsFailure({
    code: "ERR_TLS_HANDSHAKE_TIMEOUT",
    reason: `TLS handshake timeout (${timeout} ms)`,
    phase: "secure",
    address: plain.remote === undefined ? undefined : formatAddress(plain.remote)
  })

/** Checks that the options contain a certificate, and that the network accepts certificate and key. */
export const check = (
  network: Network.Service,
  tls: Network.ServerTls
): Effect.Effect<void, HttpError.TlsFailure> => {
  if (tls.cert === undefined && Object.keys(tls.certificates ?? {}).length === 0) {
    const reason = "a server with TLS needs a certificate"
    return Effect.fail(
      new HttpError.TlsFailure({ code: "ERR_HTTPFX_NO_CERTIFICATE", reason, phase: "secure" })
    )
  }
  const unknown = refuseTlsOption(optionsOf(tls))
  if (unknown !== undefined) return Effect.fail(unknown)
  return network.checkTls === undefined ? Effect.void : network.checkTls(optionsOf(tls))
}
