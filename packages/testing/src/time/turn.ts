/**
 * Calls functions in the next turn of the event loop. By then all pending microtasks and ticks have run, and
 * all posted messages have arrived.
 *
 * Uses `setImmediate`, which runs after messages (Node documentation: the event loop, phases). On platforms
 * without `setImmediate`, uses a message.
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

/** Calls `f` in the next turn. */
export const nextTurn: (f: () => void) => void = immediate ?? message

/**
 * Calls `f` in a later tick, when no microtask is pending. The tick is scheduled from a microtask, because a
 * tick that is scheduled from another tick runs before pending microtasks (Node documentation:
 * process.nextTick). `undefined` on platforms without ticks.
 */
export const nextTick: ((f: () => void) => void) | undefined =
  tick === undefined ? undefined : (f) => queueMicrotask(() => tick(f))
