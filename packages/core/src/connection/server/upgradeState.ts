/**
 * State of an exchange whose connection was handed over: who ended it, and how.
 */
export interface UpgradeState {
  /** The `Upgrade` field of the request in lower case; or `connect`. */
  readonly protocol: string
  /** Bytes received since the head of the request. */
  received: number
  endedBy: "client" | "server" | undefined
  /** Code of the first close frame. */
  closeCode: number | undefined
  /** Sends a close frame with code 1001 on an open WebSocket. */
  goAway: (() => void) | undefined
  /** The outcome has been reported. */
  over: boolean
}

/** The first close frame of a WebSocket. */
export interface WebSocketClose {
  readonly code: number
  readonly by: "client" | "server"
  /** How the client violated the protocol, if that was the reason. */
  readonly violation?: string | undefined
}
