// Node's sockets use their handles in the expected way. Sockets that read or write in another way are
// detected.
import * as net from "node:net"
import { expect, it } from "vitest"
import { drives, drivesHandle } from "../../../src/socket/fast/drivesHandle.js"

it("accepts Node's own sockets", () => {
  expect([drives(net.Socket), drivesHandle()]).toEqual([true, true])
})

const others = {
  "a socket that never starts the handle": class extends net.Socket {
    override read(): null {
      return null
    }
  },
  "a socket that writes to the handle twice": class extends net.Socket {
    override _write(...args: Parameters<net.Socket["_write"]>): void {
      super._write(...args)
      super._write(...args)
    }
  },
  "a socket that rejects the handle": class extends net.Socket {
    constructor() {
      super()
      throw new Error("not a handle")
    }
  }
}

for (const [name, Socket] of Object.entries(others)) {
  it(`refuses ${name}`, () => expect(drives(Socket)).toBe(false))
}
