/**
 * How an exchange goes on whose connection has left HTTP: who ended it, and with what. Facts only.
 */
export interface UpgradeState {
  /** The `Upgrade` field that was asked for, lower case; `connect`. */
  readonly protocol: string
  /** Bytes received since the head of the request. */
  received: number
  endedBy: "client" | "server" | undefined
  /** Of the first close frame. */
  closeCode: number | undefined
  /** An open WebSocket sends a close frame with 1001. `undefined`: it is no WebSocket, or not open. */
  goAway: (() => void) | undefined
  /** The outcome has been told. */
  over: boolean
}
