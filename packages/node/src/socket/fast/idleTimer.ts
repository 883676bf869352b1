/**
 * The timer behind `socket.setTimeout`, for reuse: most requests are answered in the same turn and need the
 * same timer again. If it is not found, and from Node.js 24 on, where a held timer does not fire again, each
 * `setTimeout` makes a new one.
 */
import type { Socket } from "node:net"
import { isSystems } from "./isSystems.js"

export interface SocketTimer {
  readonly _destroyed: boolean
}

// The key under which Node keeps the timer; `null`: not found.
let key: symbol | null | undefined

const canHold = Number(process.versions.node.split(".")[0]) < 24

/** The running timer of a socket. */
export const timerOf = (socket: Socket): SocketTimer | undefined => {
  if (!canHold) return undefined
  key ??=
    Object.getOwnPropertySymbols(socket).find((key) => key.description === "timeout" && isSystems(socket)) ??
    null
  if (key === null) return undefined
  const timer = (socket as unknown as { [key: symbol]: SocketTimer | null | undefined })[key]
  return timer === null || timer === undefined || timer._destroyed !== false ? undefined : timer
}

/** Sets `socket.timeout` without touching the timer. */
export const sayTimeout = (socket: Socket, millis: number): void => {
  ;(socket as { timeout?: number }).timeout = millis
}
