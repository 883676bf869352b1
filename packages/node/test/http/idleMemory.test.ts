// An idle connection of the callback API keeps no parser state in memory: the state returns to a small pool.
import { Duplex } from "node:stream"
import * as v8 from "node:v8"
import { assert, describe, it } from "vitest"
import { Machine } from "../../../core/src/wire/receive/machine.js"
import http from "@httpfx/node/http"

// `queryObjects` exists since Node.js 20.13.
const { queryObjects } = v8 as unknown as {
  queryObjects?: (constructor: unknown, options: { format: "count" }) => number
}

const socket = (written: (text: string) => void) =>
  new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      written(String(chunk))
      done()
    }
  })

const connections = 300

describe("an idle connection", () => {
  it.skipIf(queryObjects === undefined)("keeps no parser state", async () => {
    const count = () => queryObjects!(Machine, { format: "count" })
    const server = http.createServer((_request, response) => void response.end("hello"))
    const before = count()
    const open: Array<Duplex> = []
    for (let i = 0; i < connections; i++) {
      await new Promise<void>((resolve) => {
        const one = socket((text) => text.includes("hello") && resolve())
        open.push(one)
        server.emit("connection", one)
        one.push("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
      })
    }
    assert.isBelow(count() - before, connections / 2)
    for (const one of open) one.destroy()
  })
})
