/**
 * A turn of the event loop: after it, every microtask and tick that was waiting has run, and every message that was
 * posted has been received.
 *
 * It is made from what the platform has: `setImmediate` where it exists, because it comes after messages (Node
 * documentation: the event loop, phases), a message of its own otherwise.
 */
type Later = (f: () => void) => unknown

const immediate = (globalThis as { readonly setImmediate?: Later }).setImmediate

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
