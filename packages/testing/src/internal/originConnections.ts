/**
 * A network whose incoming connections have numbers. The number stands in the place of the peer's address, through which
 * a handler can ask for it.
 *
 * With TLS a connection is handed on when its handshake is over; one that fails is closed and counted all the same.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { NetworkService, TlsOptions } from "@httpfx/core/Network"
import { tcp, type Transport } from "@httpfx/core/Transport"

const named = (transport: Transport, number: number): Transport =>
  new Proxy(transport, {
    get: (target, key) => {
      if (key === "remote") return tcp(`connection ${number}`, 0)
      const value: unknown = Reflect.get(target, key)
      return typeof value === "function" ? (value.bind(target) as unknown) : value
    }
  })

export const connectionNumbers = (network: NetworkService, tls: Omit<TlsOptions, "role"> | undefined) => {
  let count = 0
  const numbered: NetworkService = {
    ...network,
    listen: (options, onConnection) =>
      network.listen(options, (transport) => {
        const number = ++count
        if (tls === undefined) return onConnection(named(transport, number))
        const secured = network.secure(transport, { ...tls, role: "server" })
        Effect.runFork(secured).addObserver((exit) => {
          if (Exit.isSuccess(exit)) onConnection(named(exit.value, number))
        })
      })
  }
  return {
    network: numbered,
    count: () => count,
    numberOf: (remoteAddress: Option.Option<string>): number =>
      Option.match(remoteAddress, {
        onNone: () => 0,
        onSome: (text) => Number(text.replace("connection ", ""))
      })
  }
}
