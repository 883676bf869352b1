/**
 * Gives the handle below a kept socket the asynchronous context of the request that takes it, as Node's agent
 * does: what the system reports of the socket from now on is told in that context. A stream without such a
 * handle keeps the context it was made in.
 */
import { executionAsyncId } from "node:async_hooks"
import type { Duplex } from "node:stream"

interface Handle {
  readonly asyncReset?: (resource: object) => void
  readonly getProviderType: () => number
  readonly getAsyncId: () => number
}
type Keyed = Duplex & { _handle?: Handle | null; [key: symbol]: unknown }

/** What `async_hooks` shows as the resource of a handle that is used again. */
class ReusedHandle {
  constructor(
    readonly type: number,
    readonly handle: Handle
  ) {}
}

// Where a socket remembers the id of its handle; `null`: not where it was looked for.
let idKey: symbol | null | undefined

const remember = (socket: Keyed, id: number): void => {
  idKey ??= Object.getOwnPropertySymbols(socket).find((key) => key.description === "async_id_symbol") ?? null
  if (idKey !== null) socket[idKey] = id
}

/** The id of the handle below a socket, where it has one; else that of the resource that runs. */
export const asyncIdOf = (socket: Duplex): number => {
  const handle = (socket as Keyed)._handle
  return typeof handle?.getAsyncId === "function" ? handle.getAsyncId() : executionAsyncId()
}

/** To be called in the context of the request. */
export const adoptContext = (plain: Duplex): void => {
  const socket = plain as Keyed
  const handle = socket._handle
  if (!handle || typeof handle.asyncReset !== "function") return
  handle.asyncReset(new ReusedHandle(handle.getProviderType(), handle))
  remember(socket, handle.getAsyncId())
}

/** The socket is idle: it belongs to no context. */
export const leaveContext = (plain: Duplex): void => {
  const socket = plain as Keyed
  if (socket._handle && typeof socket._handle.asyncReset === "function") remember(socket, -1)
}
