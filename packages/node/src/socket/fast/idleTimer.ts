/**
 * The timer that `socket.setTimeout` has made: most requests are answered in the turn in which they come, and
 * need the same timer again. Where it is not found, and from Node.js 24 on, where a timer that was held does
 * not fire again, nothing is spared: a new one each time.
 */
import type { Socket } from "node:net"
import { isSystems } from "./isSystems.js"

export interface SocketTimer {
  readonly _destroyed: boolean
}

// Where Node keeps it; `null`: not where it was looked for.
let key: symbol | null | undefined

const canHold = Number(process.versions.node.split(".")[0]) < 24

/** The timer that runs for a socket. */
export const timerOf = (socket: Socket): SocketTimer | undefined => {
  if (!canHold) return undefined
  key ??=
    Object.getOwnPropertySymbols(socket).find((key) => key.description === "timeout" && isSystems(socket)) ??
    null
  if (key === null) return undefined
  const timer = (socket as unknown as { [key: symbol]: SocketTimer | null | undefined })[key]
  return timer === null || timer === undefined || timer._destroyed !== false ? undefined : timer
}

/** What the socket says of its timeout, and nothing else. */
export const sayTimeout = (socket: Socket, millis: number): void => {
  ;(socket as { timeout?: number }).timeout = millis
}
