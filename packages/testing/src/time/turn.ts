/**
 * A turn of the event loop: after it, every microtask and tick that was waiting has run, and every message
 * that was posted has been received.
 *
 * It is made from what the platform has: `setImmediate` where it exists, because it comes after messages
 * (Node documentation: the event loop, phases), a message of its own otherwise.
 */
import { queueMicrotask } from "./realTime.js"
type Later = (f: () => void) => unknown

const host = globalThis as { readonly setImmediate?: Later; readonly process?: { readonly nextTick?: Later } }
const immediate = host.setImmediate
const tick = host.process?.nextTick

const message: Later = (f) => {
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => {
    port1.close()
    f()
  }
  port2.postMessage(undefined)
}

/** Calls `f` in a turn of its own. */
export const nextTurn: (f: () => void) => void = immediate ?? message

/**
 * Calls `f` in a tick of its own, when no microtask is left: asked for in one, because a tick that is asked
 * for in a tick comes before them (Node documentation: process.nextTick). `undefined` where there are no
 * ticks.
 */
export const nextTick: ((f: () => void) => void) | undefined =
  tick === undefined ? undefined : (f) => queueMicrotask(() => tick(f))
