// One end of a connection that costs nothing: counts written bytes, and delivers the bytes that a program
// passes to it.
import { Network } from "@httpfx/core"
import * as Effect from "effect/Effect"

export class ScriptedTransport {
  writes = 0
  buffered = 0
  writable = true
  local = { _tag: "TcpAddress", hostname: "10.0.0.1", port: 80 }
  remote = { _tag: "TcpAddress", hostname: "10.0.0.2", port: 50_000 }
  handlers = undefined
  corked = 0

  /** `written` is called with the size of each write. The writes between `cork` and `uncork` count as one. */
  constructor(written) {
    this.written = written
  }
  start(handlers) {
    this.handlers = handlers
  }
  receive(bytes) {
    this.handlers.data(bytes)
  }
  write(data, body) {
    const length = data.length + (body === undefined ? 0 : body.length)
    if (this.corked === 0) this.writes++
    this.written(length)
    return true
  }
  cork() {
    this.corked++
  }
  uncork() {
    this.corked--
    if (this.corked === 0) this.writes++
  }
  end() {}
  reset() {}
  pause() {}
  resume() {}
  ref() {}
  unref() {}
  noDelay() {}
  keepAlive() {}
}

/**
 * Creates a network whose connections use `transport`. Listeners get the transport when `accept()` is called.
 */
export const networkOf = (transport) => {
  let accept
  const network = {
    resolve: () => Effect.succeed([{ address: "10.0.0.1", family: 4 }]),
    connect: () => Effect.succeed(transport),
    secure: () => Effect.die("no TLS"),
    listen: (_options, onConnection) => {
      accept = () => onConnection(transport)
      return Effect.succeed({ address: transport.local, close: Effect.void, ref() {}, unref() {} })
    }
  }
  return { tag: Network.Network, network, accept: () => accept() }
}
