/**
 * Destroys an idle client socket that receives bytes. As in Node, an idle socket has no `data` listener, so
 * the handle's read callback is replaced; on a stream without a handle, `push`.
 */
import type { Duplex } from "node:stream"

/** The part of a socket's handle that this file uses. `bytes` is missing after a failed read or FIN. */
interface Handle {
  onread?: ((bytes?: ArrayBuffer) => void) | undefined
}

interface Guard {
  readonly start: () => void
  readonly stop: () => void
}

const guard = Symbol("idleGuard")
const isIdle = Symbol("isIdle")
type Guarded = Duplex & { _handle?: Handle | null; [guard]?: Guard; [isIdle]?: boolean }

const guardHandle = (socket: Guarded, handle: Handle): Guard => {
  const read = handle.onread!
  function onRead(this: Handle, bytes?: ArrayBuffer): void {
    if (bytes === undefined) read.call(this)
    else socket.destroy()
  }
  return {
    start: () => {
      handle.onread = onRead
    },
    stop: () => {
      handle.onread = read
    }
  }
}

const guardPush = (socket: Guarded): Guard => {
  const own = Object.getOwnPropertyDescriptor(socket, "push")
  const push = socket.push
  return {
    start: () => {
      socket.push = (chunk: unknown, encoding?: BufferEncoding) => {
        if (chunk === null || (chunk as Uint8Array).length === 0) return push.call(socket, chunk, encoding)
        socket.destroy()
        return false
      }
    },
    stop: () => {
      if (own === undefined) Reflect.deleteProperty(socket, "push")
      else Object.defineProperty(socket, "push", own)
    }
  }
}

/** From now on received bytes destroy the socket. A socket with buffered bytes is destroyed at once. */
export const startGuarding = (plain: Duplex): void => {
  const socket = plain as Guarded
  if (socket.readableLength > 0) {
    socket.destroy()
    return
  }
  const handle = socket._handle
  socket[guard] ??= typeof handle?.onread === "function" ? guardHandle(socket, handle) : guardPush(socket)
  socket[guard].start()
  socket[isIdle] = true
}

/** Ends the guard when a request takes the socket. */
export const stopGuarding = (plain: Duplex): void => {
  const socket = plain as Guarded
  if (socket[isIdle] !== true) return
  socket[isIdle] = false
  socket[guard]!.stop()
}
