/**
 * The classes of the package `ws`, which parse and write frames over any stream. Some runtimes resolve the
 * name `ws` to a module of their own that cannot do this. The package's file is then loaded by its path.
 */
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import type { Duplex, Writable } from "node:stream"
import type * as ws from "ws"

export interface Framing {
  readonly WebSocket: typeof ws.WebSocket
  readonly WebSocketServer: typeof ws.WebSocketServer
  readonly Receiver: new (options?: object) => Writable
  readonly Sender: new (
    socket: Duplex,
    extensions: object
  ) => {
    send(data: unknown, options: object, callback: (error?: Error) => void): void
    close(code: number | undefined, reason: string, mask: boolean, callback?: () => void): void
    pong(data: unknown, mask: boolean): void
  }
}

// A text frame of one character (RFC 6455 §5.2).
const frame = Uint8Array.of(0x81, 1, 0x61)

/** Returns whether `Receiver` parses frames. */
export const parses = (Receiver: Framing["Receiver"]): boolean => {
  try {
    let messages = 0
    const receiver = new Receiver()
    receiver.on("message", () => messages++)
    receiver.write(frame)
    return messages === 1
  } catch {
    return false
  }
}

let known: Framing | undefined

/** Returns the classes. `named` is the module that the runtime has loaded by the name `ws`. */
export const framingOf = (named: unknown): Framing => {
  if (known !== undefined) return known
  if (parses((named as Framing).Receiver)) return (known = named as Framing)
  const require = createRequire(import.meta.url)
  return (known = require(join(dirname(require.resolve("ws/package.json")), "index.js")) as Framing)
}
