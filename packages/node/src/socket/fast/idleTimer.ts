/**
 * Gives access to the timer that `socket.setTimeout` made, so that callers can reuse the timer. Most
 * responses complete in the same turn, and then a timer of the same duration is needed.
 *
 * `timerOf` returns `undefined` if Node's key for the timer is not found. From Node.js 24 on the result is
 * always `undefined`, because a timer that was kept running does not fire again there. Callers then call
 * `setTimeout`, which makes a new timer.
 */
import type { Socket } from "node:net"
import { isSystems } from "./isSystems.js"

export interface SocketTimer {
  readonly _destroyed: boolean
}

// The key under which Node stores the timer. `null` if the key was not found.
let key: symbol | null | undefined

const canHold = Number(process.versions.node.split(".")[0]) < 24

/** Returns the running timer of a socket, or `undefined` if no running timer can be reused. */
export const timerOf = (socket: Socket): SocketTimer | undefined => {
  if (!canHold) return undefined
  key ??=
    Object.getOwnPropertySymbols(socket).find((key) => key.description === "timeout" && isSystems(socket)) ??
    null
  if (key === null) return undefined
  const timer = (socket as unknown as { [key: symbol]: SocketTimer | null | undefined })[key]
  return timer === null || timer === undefined || timer._destroyed !== false ? undefined : timer
}

/** Sets the property `socket.timeout` without changing the timer. */
export const sayTimeout = (socket: Socket, millis: number): void => {
  ;(socket as { timeout?: number }).timeout = millis
}
