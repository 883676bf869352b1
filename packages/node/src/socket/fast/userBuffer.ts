/**
 * Replaces the read buffer and the `onread` callbacks of an open socket (Node documentation: net.Socket).
 * Node allows both only in the constructor. The handle writes into the buffer, and the socket reads from the
 * buffer under its private key. A new buffer must therefore be set on both.
 *
 * If the private keys are not found, or if the handle does not support a user buffer, nothing is changed.
 */
import type * as net from "node:net"
import { drivesHandle } from "./drivesHandle.js"

interface Handle {
  /** Sets the buffer for the next read. */
  readonly useUserBuffer?: (buffer: Uint8Array) => void
}
type Keyed = net.Socket & { _handle?: Handle | null; encrypted?: boolean; [key: symbol]: unknown }

interface Keys {
  readonly buffer: symbol
  readonly callback: symbol
  readonly generator: symbol
}
// The private keys of sockets. `null` if they were not found.
let keys: Keys | null | undefined

const find = (socket: object): Keys | null => {
  const symbols = Object.getOwnPropertySymbols(socket)
  const named = (name: string) => symbols.find((symbol) => symbol.description === name)
  const buffer = named("kBuffer")
  const callback = named("kBufferCb")
  const generator = named("kBufferGen")
  return buffer && callback && generator ? { buffer, callback, generator } : null
}

/**
 * Returns whether the buffers of sockets can be replaced. Inspects the first socket and stores the result.
 */
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

/** Returns whether `giveOnread` can be used. The socket must have neither TLS nor an `onread` option. */
export const takesOnread = (socket: net.Socket): boolean => {
  const keyed = socket as Keyed
  if (keyed.encrypted || !keyed._handle?.useUserBuffer || !drivesHandle() || !knowsBuffers(socket))
    return false
  return keyed[keys!.buffer] === null
}

/** Makes the socket use this `onread` from its next read on. The next read uses `buffer`. */
export const giveOnread = (socket: net.Socket, onread: net.OnReadOpts, buffer: Uint8Array): void => {
  const keyed = socket as Keyed
  exchangeBuffer(socket, buffer)
  keyed[keys!.callback] = onread.callback
  keyed[keys!.generator] = onread.buffer
}
