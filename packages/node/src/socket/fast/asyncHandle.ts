/**
 * Moves the handle of a reused socket to the asynchronous context of the request that uses the socket next,
 * as Node's agent does. Events of the handle then run in that context. A stream without such a handle stays
 * in the context in which it was made.
 */
import { executionAsyncId } from "node:async_hooks"
import type { Duplex } from "node:stream"

interface Handle {
  readonly asyncReset?: (resource: object) => void
  readonly getProviderType: () => number
  readonly getAsyncId: () => number
}
type Keyed = Duplex & { _handle?: Handle | null; [key: symbol]: unknown }

/** The resource that `async_hooks` reports for a reused handle. */
class ReusedHandle {
  constructor(
    readonly type: number,
    readonly handle: Handle
  ) {}
}

// The key under which a socket stores the async id of its handle. `null` if the key was not found.
let idKey: symbol | null | undefined

const remember = (socket: Keyed, id: number): void => {
  idKey ??= Object.getOwnPropertySymbols(socket).find((key) => key.description === "async_id_symbol") ?? null
  if (idKey !== null) socket[idKey] = id
}

/**
 * Returns the async id of the socket's handle. For a socket without a handle, returns the id of the current
 * resource.
 */
export const asyncIdOf = (socket: Duplex): number => {
  const handle = (socket as Keyed)._handle
  return typeof handle?.getAsyncId === "function" ? handle.getAsyncId() : executionAsyncId()
}

/**
 * Moves the socket's handle to the current asynchronous context. Call this function in the context of the
 * request that uses the socket next.
 */
export const adoptContext = (plain: Duplex): void => {
  const socket = plain as Keyed
  const handle = socket._handle
  if (!handle || typeof handle.asyncReset !== "function") return
  handle.asyncReset(new ReusedHandle(handle.getProviderType(), handle))
  remember(socket, handle.getAsyncId())
}

/** Detaches an idle socket from the asynchronous context of its last request. */
export const leaveContext = (plain: Duplex): void => {
  const socket = plain as Keyed
  if (socket._handle && typeof socket._handle.asyncReset === "function") remember(socket, -1)
}
