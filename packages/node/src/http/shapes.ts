/**
 * What this folder sees in the objects that it is given: sockets with the marks that Node's module leaves on them,
 * requests and responses by the members that pass between files.
 */
import type { Socket } from "node:net"
import type { HttpParser } from "./parser.js"
import type { Outgoing } from "./outgoing.js"

/** A socket (or any duplex) of a connection. */
export interface HttpSocket extends Socket {
  parser?: HttpParser | null
  _httpMessage?: Outgoing | null
  /** Held back because the peer does not take its answers. */
  _paused?: boolean
  server?: unknown
  _hadError?: boolean
}

/** A socket of the system, and no other stream. */
export const isSystems = (socket: object): boolean => Boolean((socket as { _handle?: unknown })._handle)

/** The request a message answers. */
export interface RequestLike {
  readonly method: string
}

export type Callback = (error?: Error | null) => void
