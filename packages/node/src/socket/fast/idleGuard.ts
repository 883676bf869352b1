/**
 * Destroys an idle client socket that receives bytes. As in Node, an idle socket must not have a `data`
 * listener. This file therefore replaces the read callback of the socket's handle. On a stream without a
 * handle, it replaces the method `push`.
 */
import type { Duplex } from "node:stream"

/**
 * The member of a socket's handle that this file uses. `bytes` is `undefined` after a failed read and after
 * FIN.
 */
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

/**
 * Starts to guard an idle socket. From now on, received bytes destroy the socket. If bytes are already
 * buffered, the socket is destroyed immediately.
 */
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

/** Stops guarding a socket. Called when a request starts to use the socket. */
export const stopGuarding = (plain: Duplex): void => {
  const socket = plain as Guarded
  if (socket[isIdle] !== true) return
  socket[isIdle] = false
  socket[guard]!.stop()
}
