/**
 * Exchanges what a socket reads into while it lives, and the callbacks of `onread` (Node documentation:
 * net.Socket), which Node takes only when it makes a socket. Both who writes into the buffer (the handle) and
 * who reads from it (the socket, under keys of its own) must know of another one.
 *
 * Where the keys are not found, or the handle takes no buffer, nothing is changed.
 */
import type * as net from "node:net"

interface Handle {
  /** What the next read goes to. */
  readonly useUserBuffer?: (buffer: Uint8Array) => void
}
type Keyed = net.Socket & { _handle?: Handle | null; encrypted?: boolean; [key: symbol]: unknown }

interface Keys {
  readonly buffer: symbol
  readonly callback: symbol
  readonly generator: symbol
}
// `null`: not where they were looked for.
let keys: Keys | null | undefined

const find = (socket: object): Keys | null => {
  const symbols = Object.getOwnPropertySymbols(socket)
  const named = (name: string) => symbols.find((symbol) => symbol.description === name)
  const buffer = named("kBuffer")
  const callback = named("kBufferCb")
  const generator = named("kBufferGen")
  return buffer && callback && generator ? { buffer, callback, generator } : null
}

/** Whether the buffers of sockets can be exchanged; looks at the first socket. */
export const knowsBuffers = (socket: net.Socket): boolean => {
  if (keys === undefined) keys = find(socket)
  return keys !== null
}

export const exchangeBuffer = (socket: net.Socket, buffer: Uint8Array): void => {
  const keyed = socket as Keyed
  if (!keys || !keyed._handle?.useUserBuffer) return
  keyed._handle.useUserBuffer(buffer)
  keyed[keys.buffer] = buffer
}

/** Whether `giveOnread` can be called: a plain connection without an `onread` of its own. */
export const takesOnread = (socket: net.Socket): boolean => {
  const keyed = socket as Keyed
  if (keyed.encrypted || !keyed._handle?.useUserBuffer || !knowsBuffers(socket)) return false
  return keyed[keys!.buffer] === null
}

/** From the next read on the socket has this `onread`, which reads into `buffer` first. */
export const giveOnread = (socket: net.Socket, onread: net.OnReadOpts, buffer: Uint8Array): void => {
  const keyed = socket as Keyed
  exchangeBuffer(socket, buffer)
  keyed[keys!.callback] = onread.callback
  keyed[keys!.generator] = onread.buffer
}
