/**
 * State of an exchange whose connection was handed over: the side that ended the exchange, and the close
 * code.
 */
export interface UpgradeState {
  /** The `Upgrade` field of the request in lower case, or `connect` for CONNECT. */
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
  /** How the client violated the protocol, if a violation caused the close frame. */
  readonly violation?: string | undefined
}
