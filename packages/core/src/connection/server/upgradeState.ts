/**
 * An exchange whose connection has left HTTP: who ended it, and with what.
 */
export interface UpgradeState {
  /** The `Upgrade` field of the request, lower case; or `connect`. */
  readonly protocol: string
  /** Bytes received since the head of the request. */
  received: number
  endedBy: "client" | "server" | undefined
  /** Of the first close frame. */
  closeCode: number | undefined
  /** Sends a close frame with 1001 on an open WebSocket. */
  goAway: (() => void) | undefined
  /** The outcome has been reported. */
  over: boolean
}

/** The first close frame of a WebSocket. */
export interface WebSocketClose {
  readonly code: number
  readonly by: "client" | "server"
  /** How the client broke the protocol, if that is why. */
  readonly violation?: string | undefined
}
