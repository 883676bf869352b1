/**
 * State of an exchange whose connection was handed over.
 */
export interface UpgradeState {
  /** The `Upgrade` field of the request in lower case, or `connect` for CONNECT. */
  readonly protocol: string
  /** Number of bytes received after the request head. */
  received: number
  endedBy: "client" | "server" | undefined
  /** Status code of the first WebSocket close frame. */
  closeCode: number | undefined
  /** Sends a close frame with code 1001 on an open WebSocket. */
  goAway: (() => void) | undefined
  /** Whether the outcome has been reported. */
  over: boolean
}

/** The first close frame of a WebSocket. */
export interface WebSocketClose {
  readonly code: number
  readonly by: "client" | "server"
  /** Description of the client's protocol violation, if a violation caused the close frame. */
  readonly violation?: string | undefined
}
