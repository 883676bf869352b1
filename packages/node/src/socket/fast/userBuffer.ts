/**
 * Replaces a living socket's read buffer and its `onread` callbacks (Node documentation: net.Socket), which
 * Node only takes in the constructor. Both the handle, which writes into the buffer, and the socket, which
 * reads from it under private keys, must get the new one.
 *
 * If the keys are not found, or the handle takes no buffer, nothing is changed.
 */
import type * as net from "node:net"

interface Handle {
  /** Sets the target of the next read. */
  readonly useUserBuffer?: (buffer: Uint8Array) => void
}
type Keyed = net.Socket & { _handle?: Handle | null; encrypted?: boolean; [key: symbol]: unknown }

interface Keys {
  readonly buffer: symbol
  readonly callback: symbol
  readonly generator: symbol
}
// `null`: not found.
let keys: Keys | null | undefined

const find = (socket: object): Keys | null => {
  const symbols = Object.getOwnPropertySymbols(socket)
  const named = (name: string) => symbols.find((symbol) => symbol.description === name)
  const buffer = named("kBuffer")
  const callback = named("kBufferCb")
  const generator = named("kBufferGen")
  return buffer && callback && generator ? { buffer, callback, generator } : null
}

/** Whether the buffers of sockets can be replaced; inspects the first socket. */
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

/** Whether `giveOnread` works: a plain connection without an `onread` of its own. */
export const takesOnread = (socket: net.Socket): boolean => {
  const keyed = socket as Keyed
  if (keyed.encrypted || !keyed._handle?.useUserBuffer || !knowsBuffers(socket)) return false
  return keyed[keys!.buffer] === null
}

/** From the next read on the socket uses this `onread`, first with `buffer`. */
export const giveOnread = (socket: net.Socket, onread: net.OnReadOpts, buffer: Uint8Array): void => {
  const keyed = socket as Keyed
  exchangeBuffer(socket, buffer)
  keyed[keys!.callback] = onread.callback
  keyed[keys!.generator] = onread.buffer
}
