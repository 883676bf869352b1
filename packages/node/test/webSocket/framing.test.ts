/** The frames come from the package `ws`, even if the name `ws` resolves to another module. */
import { Writable } from "node:stream"
import { expect, it, vi } from "vitest"
import { WebSocketServer } from "ws"

class Silent extends Writable {
  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done()
  }
}
class Unsupported extends Writable {
  constructor() {
    super()
    throw new Error("not supported")
  }
}

for (const [name, Receiver] of [
  ["parses nothing", Silent],
  ["cannot be made", Unsupported]
] as const) {
  it(`a module whose Receiver ${name} is not used`, async () => {
    vi.resetModules()
    const { framingOf, parses } = await import("../../src/http/own/framing.js")
    expect(parses(Receiver)).toBe(false)
    const framing = framingOf({ Receiver })
    expect(framing.WebSocketServer).toBe(WebSocketServer)
    expect(parses(framing.Receiver)).toBe(true)
  })
}
